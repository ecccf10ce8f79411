# SPDX-License-Identifier: Apache-2.0
"""The container files are what their formats demand, and agree with the sources and each other.

    container_test.py WORKER
"""

import fnmatch
import json
import pathlib
import re
import subprocess
import sys
import unittest

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKER = ROOT / "packaging/docker"
LINT = ROOT / ".cache/container-lint"
PREFIX = "/usr/local/"
worker = ""


def stages():
    """The Dockerfile: for each stage the list of its instructions, as (name, flags, rest)."""
    lines = (DOCKER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    found = [[]]
    for line in filter(str.strip, text.splitlines()):
        name, flags, rest = re.fullmatch(r"(\w+) +((?:--\S+ +)*)(.+)", line).groups()
        if name == "FROM":
            found.append([])
        found[-1].append((name, flags.split(), rest))
    return found[1:]


def final(name, part=""):
    """What the last instruction of that name, with that part, says in the image's own stage."""
    said = [rest for instruction, _, rest in stages()[-1] if instruction == name]
    return [rest for rest in said if part in rest][-1]


def image_environment():
    return dict(pair.split("=", 1) for pair in final("ENV").split())


def settings():
    done = subprocess.run(
        [worker, "check-config", "--json"], capture_output=True, text=True, check=True
    )
    return {setting["name"]: setting["default"] for setting in json.loads(done.stdout)["settings"]}


def compose():
    return yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))


def in_context(path):
    """Whether .dockerignore leaves the path to the build."""
    kept = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.lstrip("!")
        places = [path, *(str(parent) for parent in pathlib.PurePath(path).parents)]
        if line and line[0] != "#" and any(fnmatch.fnmatch(place, pattern) for place in places):
            kept = line[0] == "!"
    return kept


class DockerfileTest(unittest.TestCase):
    def test_the_linter_has_nothing_to_say(self):
        done = subprocess.run(
            [LINT / "hadolint", "--no-color", DOCKER / "Dockerfile"], capture_output=True, text=True
        )
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_what_it_copies_and_runs_is_there_and_sent_to_the_builder(self):
        for stage in stages():
            for name, flags, rest in stage:
                paths = re.findall(r"packaging/[\w./-]+", rest)
                if name == "COPY" and not any(flag.startswith("--from=") for flag in flags):
                    paths += [source for source in rest.split()[:-1] if source != "."]
                for path in paths:
                    with self.subTest(path=path):
                        self.assertTrue((ROOT / path).exists())
                        self.assertTrue((ROOT / path).is_dir() or in_context(path))

    def test_the_builder_gets_the_sources_and_no_more(self):
        tracked = subprocess.run(
            ["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        sources = ("host/", "plugins/", "sdk/", "packaging/lib/", "CMake", "LICENSE")
        for path in tracked:
            if path.startswith(sources):
                self.assertTrue(in_context(path), path)
        for path in (".git/config", "build/dev/x", "packaging/docker/.env", "tests/run.sh"):
            self.assertFalse(in_context(path), path)

    def test_the_worker_runs_unprivileged_as_process_1(self):
        self.assertRegex(final("USER"), r"^[1-9]\d*:[1-9]\d*$")
        self.assertEqual(json.loads(final("ENTRYPOINT")), ["worker-datasets"])
        self.assertEqual(json.loads(final("CMD")), ["run"])
        self.assertEqual(final("STOPSIGNAL"), "SIGTERM")
        self.assertEqual(final("EXPOSE"), settings()["METRICS_PORT"])

    def test_the_health_check_is_a_program_that_was_copied(self):
        program = json.loads(re.search(r"CMD (.+)", final("HEALTHCHECK"))[1])[0]
        copied = [rest.split() for name, _, rest in stages()[-1] if name == "COPY"]
        source = next(words[0] for words in copied if words[-1] == f"{PREFIX}bin/{program}")
        self.assertTrue((ROOT / source).stat().st_mode & 0o111)

    def test_its_environment_is_of_settings_and_keeps_the_built_in_plugins(self):
        self.assertLessEqual(set(image_environment()), set(settings()))
        self.assertEqual(
            image_environment()["PLUGIN_DIR"], f"/plugins:{PREFIX}lib/worker-datasets/plugins"
        )

    def test_its_version_is_the_projects(self):
        project = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
        self.assertEqual(final("ARG"), "VERSION=" + re.search(r"VERSION (\d\S+) LANG", project)[1])


class ComposeTest(unittest.TestCase):
    def test_it_is_what_the_specification_demands(self):
        schema = json.loads((LINT / "compose-spec.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator(schema).validate(compose())

    def test_the_worker_gets_settings_at_their_defaults_unless_they_are_set(self):
        known = settings()
        decided = {"DATABASE_URL", "NATS_URL", "QDRANT_URL"}
        for name, value in compose()["services"]["worker"]["environment"].items():
            with self.subTest(name=name):
                self.assertIn(name, known)
                if name not in decided:
                    self.assertEqual(value, f"${{{name}:-{known[name]}}}")

    def test_it_holds_no_secrets(self):
        for service, facts in compose()["services"].items():
            for name, value in facts.get("environment", {}).items():
                if re.search("PASSWORD|KEY|TOKEN", name):
                    self.assertTrue(value.startswith("${"), f"{service}: {name}")
                self.assertNotRegex(value, r"://[^/@]*:[^$][^/@]*@", f"{service}: {name}")
        self.assertIn("/packaging/docker/.env\n", (ROOT / ".gitignore").read_text(encoding="utf-8"))

    def test_services_wait_for_what_can_be_waited_for(self):
        services = compose()["services"]
        for name, facts in services.items():
            for other, wait in facts.get("depends_on", {}).items():
                with self.subTest(service=name, other=other):
                    if wait["condition"] == "service_healthy":
                        self.assertIn("test", services[other]["healthcheck"])
                    else:
                        self.assertEqual(services[other]["restart"], "no")
        self.assertEqual(set(services["worker"]["depends_on"]), {"migrate", "nats", "qdrant"})

    def test_volumes_are_declared_and_mounted_where_the_image_has_them(self):
        declared = set(compose()["volumes"])
        for name, facts in compose()["services"].items():
            for volume in facts.get("volumes", []):
                source = volume.split(":")[0]
                self.assertTrue(source in declared or source.startswith("./"), f"{name}: {volume}")
        mounted = {volume.split(":")[1] for volume in compose()["services"]["worker"]["volumes"]}
        makes = re.findall(r"install -d ([^&]+)", final("RUN", "install -d"))
        self.assertEqual(mounted, set(re.findall(r"(?<!\S)/\w+", " ".join(makes))))

    def test_the_queue_keeps_what_it_acknowledged(self):
        config = (DOCKER / "nats.conf").read_text(encoding="utf-8")
        self.assertIn("./nats.conf:/etc/nats/worker.conf:ro", compose()["services"]["nats"]["volumes"])
        self.assertIn("--config=/etc/nats/worker.conf", compose()["services"]["nats"]["command"])
        self.assertRegex(config, r"sync_interval: always")
        stored = re.search(r'store_dir: "(.+)"', config)[1]
        self.assertIn(f"nats:{stored}", compose()["services"]["nats"]["volumes"])

    def test_the_worker_has_time_to_finish(self):
        grace = re.fullmatch(r"(\d+)s", compose()["services"]["worker"]["stop_grace_period"])[1]
        self.assertGreater(int(grace), int(settings()["WORKER_SHUTDOWN_TIMEOUT_SECS"]))


if __name__ == "__main__":
    worker = sys.argv.pop()
    unittest.main()
