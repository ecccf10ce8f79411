#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes texts.json: texts that tell one tokenizer from another."""
import json
import os
import random

PLAIN = """Packages may not install files in /usr/local; that tree belongs to the administrator. The
same holds for anything below it, unless a directory is made so that people can find it.""".replace("\n", " ")


def many_words(count, seed):
    words = "the quick maintainer scripts of a package must be idempotent and should not fail when they \
are run again after an error configuration files survive removal but not purge".split()
    pick = random.Random(seed)
    return " ".join(pick.choice(words) for _ in range(count))


TEXTS = [
    # Nothing, or nothing that counts.
    "", " ", "\t\n\r  ", "\u00a0\u2003\u3000", "\u200b\u200d\ufeff", "\x00\x01\x7f", "\u0301",
    # Words, case, punctuation.
    "hello", "Hello, World!", PLAIN, "UPPER lower MiXeD", "don't can't o'clock", "a-b_c/d\\e|f",
    "3.14159 and 1,000,000 or 1e-9", "foo@example.org https://example.org/a?b=c&d=%20#e",
    "...!!!???", "(([{<>}]))", "$5 + €6 = £11 ± 2°", "“quoted” ‘single’ «guillemets» — dash – en",
    "x=y+z; if (a<b) { return c[0]; }", "unbelievableness antidisestablishmentarianism",
    # Accents, composed and decomposed; marks on their own; several on one letter.
    "Café naïve résumé Ångström", "Cafe\u0301 nai\u0308ve re\u0301sume\u0301 A\u030angstro\u0308m",
    "Z\u0335\u0321\u0361a\u0334\u0300\u0301l\u0327\u0301go", "a\u0323\u0307 a\u0307\u0323 \u1e9b\u0323",
    "İstanbul I ı i İ", "Straße ẞ ß ﬁ ﬂ œ Œ Æ", "ΣΊΣΥΦΟΣ Σίσυφος", "Ὀδυσσεύς ᾄδω ᾼ", "ǅ ǈ ǋ ǲ Ǆ",
    # Other scripts.
    "Привет, мир! Ёжик и йод", "שָׁלוֹם עולם", "السَّلامُ عليكم ٠١٢٣", "नमस्ते दुनिया क़",
    "สวัสดีชาวโลก น้ำ", "안녕하세요 세계 한글", "\u1112\u1161\u11ab\u1100\u1173\u11af", "Tiếng Việt Nguyễn",
    "ქართული ენა", "Հայերեն լեզու", "አማርኛ ቋንቋ", "བོད་སྐད།", "தமிழ் மொழி", "\U00010400\U00010428 \U0001e900",
    # Ideographs and kana.
    "中文分词测试", "東京タワーは高い。", "日本語とEnglishのmix、123", "\U00020000\U0002a6d6 \U0002b740 \U0002ebe0", "豈更車賈 \uf900",
    "\u3042\u3099 か\u3099 が", "①②③ ㍿ ㎏ ｆｕｌｌ ｗｉｄｔｈ！", "\u302e\U0001d165 a\u302e\u302a b\U0001d165\u0334",
    # Emoji, symbols, private use, unassigned, beyond the basic plane.
    "😀 smile 👍🏽 thumbs", "👩‍👩‍👧‍👦 family 🇩🇪🇫🇷 flags", "♥️ ✓ → ∑ ∞ √2 ≠ ½", "\ue000\uf8ff\U000f0000 private",
    "\u0378\u0380\U000e0fff unassigned", "𝒜𝓁𝓅𝒽𝒶 𝟘𝟙𝟚", "\ufffd replaced \ufffd", "soft\u00adhyphen zero\u200bwidth",
    # Control characters in the middle of text.
    "tab\tnew\nline\rreturn", "bell\x07 esc\x1b[31mred\x1b[0m del\x7f", "nul\x00in\x00side", "nel\u0085ls\u2028ps\u2029vt\x0bff\x0c",
    "\u202eright to left\u202c \u2066isolate\u2069",
    # Special tokens in the text.
    "[CLS] [SEP] [PAD] [UNK] [MASK]", "a[SEP]b[sep]c [SEP", "[[MASK]]##ing ##s # # [ CLS ]",
    # Long words and long texts.
    "x" * 99, "x" * 100, "x" * 101, "é" * 100, "e\u0301" * 101, "before " + "y" * 250 + " after", "中" * 300,
    "!" * 300, many_words(40, 1), many_words(254, 2), many_words(255, 3), many_words(2000, 4),
    "überraschung " * 2000, "😀" * 600,
]

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "texts.json")
with open(path, "w", encoding="ascii") as f:
    f.write("[\n" + ",\n".join(json.dumps(text) for text in TEXTS) + "\n]\n")
