# SPDX-License-Identifier: Apache-2.0
"""What the container image installs is complete, and so is its list of packages.

    install_test.py BUILD_DIR
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
build = ""


def output(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def package_of(library):
    """The Debian package of a file, of which either path may be on record where /lib is /usr/lib."""
    for path in (library, f"/usr{library}", library.removeprefix("/usr")):
        found = subprocess.run(["dpkg-query", "--search", path], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    raise AssertionError(f"{library} is of no package")


def names_of(package):
    """What apt knows it by: its name and what it provides."""
    provides = output("dpkg-query", "--show", "--showformat=${Provides}", package)
    return {package, *re.findall(r"(?:^|, )([\w.+-]+)", provides)}


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        output(
            *("cmake", "--install", build, "--component", "worker", "--strip", "--prefix", "/usr/local"),
            env={**os.environ, "DESTDIR": cls.folder.name},
            umask=0o022,
        )
        cls.prefix = cls.root / "usr/local"
        cls.plugins = cls.prefix / "lib/worker-datasets/plugins"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def files(self):
        return sorted(path for path in self.root.rglob("*") if path.is_file())

    def test_the_worker_and_each_plugin_of_the_sources_are_installed_and_nothing_else(self):
        plugins = [path.parent.name for path in (ROOT / "plugins").glob("*/plugin.json")]
        wanted = [self.plugins / f"{name}.so" for name in plugins]
        names = ("dsw-plugin", "dsw-plugin-runner", "worker-datasets")
        programs = [self.prefix / "bin" / name for name in names]
        self.assertEqual(self.files(), sorted([*programs, *wanted]))

    def test_the_installed_worker_loads_each_installed_plugin(self):
        report = output(
            *(self.prefix / "bin/worker-datasets", "plugins", "--strict", "--json"),
            env={**os.environ, "PLUGIN_DIR": str(self.plugins)},
        )
        plugins = json.loads(report)["plugins"]
        self.assertEqual({plugin["verdict"] for plugin in plugins}, {"loaded"})
        self.assertEqual({plugin["mode"] for plugin in plugins}, {"in process"})

    def test_the_installed_worker_finds_what_runs_plugins_in_processes_of_their_own(self):
        environment = {
            **os.environ,
            "PLUGIN_DIR": str(self.plugins),
            "PLUGIN_ISOLATION": "all",
            "PLUGIN_GRANTS": "io.dsw.embed-fastembed:files,io.dsw.sink-sqlite:files",
        }
        report = output(
            *(self.prefix / "bin/worker-datasets", "plugins", "--strict", "--json"),
            env=environment,
        )
        self.assertEqual({plugin["mode"] for plugin in json.loads(report)["plugins"]}, {"isolated"})

    def test_the_packages_of_the_image_have_every_library(self):
        packages = set(output(ROOT / "packaging/docker/runtime-packages.sh", self.root).split())
        for path in self.files():
            linked = dict(re.findall(r"(\S+) => (/\S+)", output("ldd", path)))
            for name in re.findall(r"NEEDED +(?!ld-linux)(\S+)", output("objdump", "-p", path)):
                self.assertTrue(names_of(package_of(linked[name])) & packages, f"{path.name}: {name}")
        self.assertEqual([name for name in packages if name.endswith("-dev")], [])


if __name__ == "__main__":
    build = sys.argv.pop()
    unittest.main()
