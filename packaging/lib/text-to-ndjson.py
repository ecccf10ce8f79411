#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes text as the NDJSON that `worker-datasets import` reads, an item a line.

    text-to-ndjson.py FOLDER        an item for each .txt and .md file below FOLDER
    text-to-ndjson.py policy FILE   an item for each numbered section of the Debian Policy Manual
                                    (its plain-text edition, gzip-compressed)
"""

import gzip
import json
import re
import sys
import textwrap
from pathlib import Path

# All-MiniLM-L6-v2 reads 256 tokens, about 1 000 characters of English; a passage of half of that
# is about one thing.
MAX_CHARACTERS = 600


def pieces(paragraph):
    """The paragraph, cut at its lines or, as a last resort, anywhere, where it is too long."""
    piece = ""
    for line in paragraph.splitlines():
        if piece and len(piece) + 1 + len(line) > MAX_CHARACTERS:
            yield piece
            piece = ""
        piece = f"{piece}\n{line}" if piece else line
        while len(piece) > MAX_CHARACTERS:
            cut = piece.rfind(" ", MAX_CHARACTERS // 2, MAX_CHARACTERS)
            cut = cut if cut > 0 else MAX_CHARACTERS
            yield piece[:cut]
            piece = piece[cut:].lstrip()
    if piece:
        yield piece


def chunks(text):
    """Neighbouring paragraphs together, as long as they fit."""
    chunk = ""
    for paragraph in re.split(r"\n\s*\n", text):
        for piece in pieces(paragraph.rstrip()):
            if chunk and len(chunk) + 2 + len(piece) > MAX_CHARACTERS:
                yield textwrap.dedent(chunk)
                chunk = ""
            chunk = f"{chunk}\n\n{piece}" if chunk else piece
    if chunk.strip():
        yield textwrap.dedent(chunk)


def policy_items(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().splitlines()
    # A heading is a numbered line with a line of its own length below it.
    headings = []
    for at, line in enumerate(lines[:-1]):
        match = re.fullmatch(r"((?:\d+\.)+) (.+)", line)
        if match and re.fullmatch(r"([*=\-~^])\1*", lines[at + 1]) and len(lines[at + 1]) == len(line):
            headings.append((at, match[1].rstrip("."), match[2]))

    def item(number, heading, text):
        return {
            "title": f"{book} §{number} {heading}",
            "metadata": {"source_file": Path(path).name.removesuffix(".gz"), "section": number},
            "chunks": list(chunks(text)),
        }

    # The appendices count their chapters from 1 again.
    book, chapter, chapter_heading = "Debian Policy", 0, ""
    ends = [at for at, _, _ in headings[1:]] + [len(lines)]
    for (at, number, heading), end in zip(headings, ends):
        if number.isdecimal():
            if int(number) < chapter:
                book = "Debian Policy, appendix"
            chapter, chapter_heading = int(number), heading
        # A chapter's footnotes stand at the end of its last section.
        text, _, footnotes = "\n".join(lines[at + 2 : end]).partition("\n[1] ")
        yield item(number, heading, text)
        if footnotes:
            yield item(str(chapter), f"{chapter_heading}: footnotes", f"[1] {footnotes}")


def folder_items(folder):
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".txt", ".md") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace").replace("\0", "")
        heading = re.search(r"^# +(.+)$", text, re.MULTILINE)
        name = str(path.relative_to(folder))
        yield {
            "title": heading[1].strip() if heading and path.suffix.lower() == ".md" else name,
            "metadata": {"source_file": name},
            "chunks": list(chunks(text)),
        }


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "policy":
        items = policy_items(arguments[1])
    elif len(arguments) == 1 and Path(arguments[0]).is_dir():
        items = folder_items(Path(arguments[0]))
    else:
        sys.exit(__doc__)
    count = 0
    for item in items:
        if item["chunks"]:
            count += 1
            print(json.dumps(item, ensure_ascii=False))
    if count == 0:
        sys.exit(f"text-to-ndjson.py: found no text in {arguments[-1]}")


if __name__ == "__main__":
    main(sys.argv[1:])
