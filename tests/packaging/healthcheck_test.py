# SPDX-License-Identifier: Apache-2.0
"""The image's health check says what /healthz does."""

import http.server
import os
import pathlib
import socket
import subprocess
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Worker(http.server.BaseHTTPRequestHandler):
    healthz = 200

    def do_GET(self):
        self.send_response(self.healthz if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


def check(port):
    return subprocess.run(
        [ROOT / "packaging/docker/healthcheck.sh"],
        env={"PATH": os.environ["PATH"], "METRICS_PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=30,
    )


class HealthcheckTest(unittest.TestCase):
    def answer(self, status):
        with http.server.HTTPServer(("127.0.0.1", 0), type("", (Worker,), {"healthz": status})) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                return check(server.server_port)
            finally:
                server.shutdown()
                thread.join()

    def test_a_worker_that_answers_is_healthy(self):
        done = self.answer(200)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_worker_that_answers_something_else_is_not(self):
        done = self.answer(503)
        self.assertEqual(done.returncode, 1)
        self.assertIn("answered 503", done.stderr)

    def test_a_worker_that_does_not_listen_is_not(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.assertEqual(check(port).returncode, 1)


if __name__ == "__main__":
    unittest.main()
