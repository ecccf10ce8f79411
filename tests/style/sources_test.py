# SPDX-License-Identifier: Apache-2.0
"""What every source file keeps to, and no formatter or compiler checks."""

import re
import unittest

import tree

CODE_AND_SCRIPTS = tree.CODE | tree.SCRIPTS
MAX_LINES = 500


def lines_of(suffixes, folders=tree.FOLDERS):
    for path in tree.files(tree.ROOT, suffixes, folders):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.relative_to(tree.ROOT)}:{number}", line


class SourcesTest(unittest.TestCase):
    def test_each_file_names_its_licence_first(self):
        missing = [
            str(path)
            for path in tree.files(tree.ROOT, CODE_AND_SCRIPTS)
            if not any(
                "SPDX-License-Identifier: Apache-2.0" in line
                for line in path.read_text(encoding="utf-8").splitlines()[:2]
            )
        ]
        self.assertEqual(missing, [])

    def test_no_file_is_too_long_to_read(self):
        lengths = {
            str(path): path.read_text(encoding="utf-8").count("\n")
            for path in tree.files(tree.ROOT, CODE_AND_SCRIPTS)
        }
        self.assertEqual({path: n for path, n in lengths.items() if n > MAX_LINES}, {})

    def test_each_source_and_each_test_is_in_the_build(self):
        builds = {
            path.parent: path.read_text(encoding="utf-8")
            for path in tree.files(tree.ROOT, {".txt"})
            if path.name == "CMakeLists.txt"
        }
        everything = "\n".join(builds.values())
        forgotten = []
        for path in tree.files(tree.ROOT, {".c", ".cc", ".py"}):
            if path.suffix == ".py" and not path.name.endswith("_test.py"):
                continue
            build = next(folder for folder in path.parents if folder in builds or folder == tree.ROOT)
            name = rf"(?<![\w/]){re.escape(str(path.relative_to(build)))}(?!\w)"
            from_root = f"${{PROJECT_SOURCE_DIR}}/{path.relative_to(tree.ROOT)}"
            if not re.search(name, builds.get(build, "")) and from_root not in everything:
                forgotten.append(str(path))
        self.assertEqual(forgotten, [])

    def test_each_to_do_has_an_issue_number(self):
        marker = "TO" "DO|FIX" "ME"
        open_ends = [
            place
            for place, line in lines_of(CODE_AND_SCRIPTS | {".txt", ".cmake", ".md"})
            if re.search(rf"\b({marker})\b(?!\(#\d+\))", line)
        ]
        self.assertEqual(open_ends, [])

    def test_downloads_go_through_the_machines_own_package_settings(self):
        own = r"https?://(?!127\.0\.0\.1|localhost|\$)"
        addresses = [
            place
            for place, line in lines_of({".sh", ".txt", ".cmake"}, (".ci", "packaging", "sdk", "tests"))
            if re.search(own, line)
        ]
        self.assertEqual(addresses, [])

    def test_nothing_names_the_place_of_this_checkout(self):
        place = str(tree.ROOT)
        # A checkout such as /src says nothing.
        if place.count("/") < 2:
            return
        named = [
            where
            for where, line in lines_of(CODE_AND_SCRIPTS | {".txt", ".cmake", ".md", ".json"})
            if place + "/" in line
        ]
        self.assertEqual(named, [])


if __name__ == "__main__":
    unittest.main()
