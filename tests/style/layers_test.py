# SPDX-License-Identifier: Apache-2.0
"""The project's includes, and layers.py itself on a tree that breaks each rule once."""

import tempfile
import unittest
from pathlib import Path

import layers
import tree

BROKEN = {
    "host/LAYERS": "# comment\nbase:\ndomain: base\nnats: domain base\napp: nats domain base\nmain: app\n",
    "host/base/clock.h": '#include "host/domain/job.h"\n',
    "host/domain/job.h": '#include <vector>\n\n#include "host/base/clock.h"\n',
    "host/domain/job.cc": "#include <pqxx/pqxx>\n",
    "host/nats/queue.cc": '#include <nats/nats.h>\n#include "queue.h"\n',
    "host/extra/thing.h": "#include <vector>\n",
    "host/main.cc": '#include "host/app/app.h"\n#include "host/nats/queue.h"\n',
    "plugins/embed_x/plugin.cc": '#include <dsw/plugin.h>\n#include "host/base/clock.h"\n',
    "tests/unit/job_test.cc": '#include "../host/domain/job.h"\n',
}


class LayersTest(unittest.TestCase):
    def test_includes_go_down_only(self):
        self.assertEqual(list(layers.problems(tree.ROOT)), [])

    def test_each_broken_rule_is_found_at_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in BROKEN.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            places = [problem.split(": ")[0] for problem in layers.problems(Path(folder))]
        self.assertEqual(
            sorted(places),
            [
                "host/base/clock.h:1",
                "host/domain/job.cc:1",
                "host/extra/thing.h:1",
                "host/main.cc:2",
                "host/nats/queue.cc:2",
                "plugins/embed_x/plugin.cc:2",
                "tests/unit/job_test.cc:1",
            ],
        )


if __name__ == "__main__":
    unittest.main()
