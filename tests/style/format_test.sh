#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fails on C and C++ that is not laid out as .clang-format says; `format_test.sh --fix` lays it out.
set -euo pipefail
cd "$(dirname "$0")/../.."

# One version for everybody: the distribution's where it has it, else as tests/run.sh fetched it.
program=$(command -v clang-format-14 || echo .cache/clang-format/clang-format)
mode=(--dry-run -Werror)
[[ ${1-} != --fix ]] || mode=(-i)
find host sdk plugins tests -path tests/data -prune -o \
  \( -name '*.c' -o -name '*.cc' -o -name '*.h' -o -name '*.hpp' \) -print0 |
  xargs -0 "$program" --style=file "${mode[@]}" || {
  echo "To lay it out: tests/style/format_test.sh --fix" >&2
  exit 1
}
