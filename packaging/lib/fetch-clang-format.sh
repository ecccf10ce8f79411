#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fetch-clang-format.sh [DIR]
#
# Puts clang-format 14.0.6 into DIR (default: .cache/clang-format beside the sources): one version
# for everybody, as each formats a little differently and newer distributions lack this one. A
# second run does nothing and needs no network.
#
# Needs: python3 with pip (Debian and Ubuntu: python3-pip).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:-$here/../../.cache/clang-format}
[[ ! -x $dir/clang-format ]] || exit 0

case $(uname -m) in
  x86_64) sha256=d7c1c5e404c58e55f0170f01b3c5611dce6c119e62b5d1020347e0ad97d5a047 ;;
  aarch64) sha256=dbfd60528eb3bb7d7cfe8576faa70845fbf93601f815ef75163d36606e87f388 ;;
  *)
    echo "fetch-clang-format.sh: no wheel of clang-format 14.0.6 for $(uname -m); put the program" \
      "at $dir/clang-format" >&2
    exit 1
    ;;
esac
echo "clang-format: wheel clang-format==14.0.6 (1 MB, Apache-2.0 with LLVM exception)"
bash "$here/fetch-wheel.sh" clang-format==14.0.6 "$sha256" "$dir" clang_format/data/bin/clang-format
chmod +x "$dir/clang-format"
