# SPDX-License-Identifier: Apache-2.0
"""The project's files, as the style tests see them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".ci", "host", "packaging", "plugins", "sdk", "tests")
CODE = {".c", ".cc", ".h", ".hpp"}
SCRIPTS = {".py", ".sh"}


def files(root, suffixes, folders=FOLDERS):
    """Those with one of the suffixes below the folders of `root`, without recorded test data."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file() and root / "tests/data" not in path.parents:
                yield path
