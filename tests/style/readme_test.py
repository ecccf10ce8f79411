# SPDX-License-Identifier: Apache-2.0
"""The README's provider compiles, and what the README and the guides link to exists.

    readme_test.py CXX_COMPILER
"""

import json
import re
import subprocess
import sys
import textwrap
import unittest

import tree

README = tree.ROOT / "README.md"
compiler = "c++"


def example(first_line):
    """The indented block of the README from that line to the next blank line outside of it."""
    text = README.read_text(encoding="utf-8")
    block = re.search(rf"^    {re.escape(first_line)}.*\n((?:    .*\n|\n(?=    ))*)", text, re.MULTILINE)
    return textwrap.dedent(block[1])


class ReadmeTest(unittest.TestCase):
    def compile(self, source):
        include = tree.ROOT / "sdk/include"
        command = [compiler, "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
        done = subprocess.run(
            [*command, f"-I{include}", "-xc++", "-"],
            input=source,
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_provider_compiles(self):
        self.compile(example("// acme.cc"))

    def test_the_request_compiles(self):
        self.compile(
            "#include <string>\n#include <dsw/http.hpp>\n"
            "void Post(dsw::Http& http_, const dsw_call& call, std::string base_url_, std::string json) {"
            f"{example('// <dsw/http.hpp>')}}}\n"
        )

    def test_the_manifest_is_json(self):
        self.assertEqual(json.loads(example("# plugin.json"))["providers"][0]["id"], "acme")

    def test_links_lead_somewhere(self):
        dead = []
        for page in [README, *tree.files(tree.ROOT, {".md"})]:
            for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
                if not (page.parent / target).exists():
                    dead.append(f"{page.relative_to(tree.ROOT)}: {target}")
        self.assertEqual(dead, [])


if __name__ == "__main__":
    compiler = sys.argv.pop()
    unittest.main()
