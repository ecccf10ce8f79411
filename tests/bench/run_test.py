# SPDX-License-Identifier: Apache-2.0
"""The benchmark runs, says what it did, and leaves nothing behind.

    run_test.py BUILD_DIR
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

RUN = pathlib.Path(__file__).resolve().with_name("run.sh")
CHUNKS = 500
build = ""


def processes_in(folder):
    """Command lines of processes that work below a folder."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve().is_relative_to(folder):
                found.append((process / "cmdline").read_bytes())
        except OSError:
            pass
    return found


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        # The user that PostgreSQL runs as is another one.
        self.folder.chmod(0o755)

    def start(self, *options):
        return subprocess.Popen(
            ["bash", str(RUN), "--build-dir", build, "--chunks", str(CHUNKS), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(self.folder)},
        )

    def measure(self, *options):
        run = self.start(*options)
        output, errors = run.communicate()
        self.assertEqual(run.returncode, 0, errors)
        self.assert_nothing_left()
        return json.loads(output)

    def assert_nothing_left(self):
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertEqual(processes_in(self.folder), [])

    def test_over_grpc_with_base64(self):
        result = self.measure()
        self.assertEqual(result["chunks"], CHUNKS)
        self.assertEqual(result["failed_chunks"], 0)
        for name in (
            "wall_seconds",
            "chunks_per_second",
            "cpu_seconds_per_100k_chunks",
            "postgres_cpu_seconds_per_100k_chunks",
        ):
            self.assertGreater(result[name], 0, name)
        self.assertGreaterEqual(result["peak_rss_mib"], result["start_rss_mib"])
        embedder = result["embedder_traffic"]
        # A probe finds out how long the vectors are.
        self.assertEqual(embedder["answers"], {"200": embedder["requests"]})
        self.assertGreaterEqual(embedder["bytes_sent"], CHUNKS * 800)
        self.assertGreater(embedder["bytes_received"], CHUNKS * 1536 * 4 * 4 / 3)
        self.assertLess(embedder["bytes_received"], CHUNKS * 1536 * 6)
        sink = result["sink_traffic"]
        self.assertEqual(sink["points"], CHUNKS)
        self.assertGreater(sink["grpc_bytes_sent"], CHUNKS * 1536 * 4)

    def test_over_rest_with_floats_in_two_jobs(self):
        result = self.measure("--encoding", "float", "--transport", "rest", "--jobs", "2")
        self.assertEqual(result["chunks"], CHUNKS)
        self.assertGreater(result["embedder_traffic"]["bytes_received"], CHUNKS * 1536 * 9)
        sink = result["sink_traffic"]
        self.assertEqual(sink["points"], CHUNKS)
        self.assertEqual(sink["grpc_bytes_sent"], 0)
        self.assertGreater(sink["rest_bytes_sent"], CHUNKS * 1536 * 9)

    def test_into_sqlite(self):
        result = self.measure("--sink", "sqlite", "--dims", "8", "--settled", "200")
        self.assertEqual(result["chunks"], CHUNKS)
        self.assertGreater(result["sink_traffic"]["file_bytes"], CHUNKS * 800)
        settled = result["settled"]
        self.assertEqual(settled.pop("items"), 200)
        self.assertEqual(len(settled), 4)
        for name, seconds in settled.items():
            self.assertGreater(seconds, 0, name)

    def test_a_run_that_is_interrupted_leaves_nothing_behind(self):
        run = self.start("--latency-ms", "60000")
        for line in run.stderr:
            if line == "bench: embedding\n":
                break
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        run.communicate()
        self.assertEqual(run.returncode, 130)
        self.assert_nothing_left()


if __name__ == "__main__":
    build = sys.argv.pop()
    unittest.main()
