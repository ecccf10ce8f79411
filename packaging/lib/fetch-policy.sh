#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fetch-policy.sh [DIR]
#
# Puts the plain-text Debian Policy Manual, policy.txt.gz (GPL-2+), into DIR (default:
# .cache/debian-policy beside the sources): out of the distribution's package debian-policy, which
# is downloaded and unpacked, not installed, as slim systems leave documentation out. A second run
# does nothing and needs no network.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:-$here/../../.cache/debian-policy}
[[ ! -e $dir/policy.txt.gz ]] || exit 0

echo "Debian Policy Manual: package debian-policy (2 MB, GPL-2+)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
download() {
  (cd "$work" && apt-get -qq -o APT::Sandbox::User= download debian-policy) >"$work/log" 2>&1
}
as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo --)
if ! download && ! { "${as_root[@]}" apt-get -qq update && download; }; then
  cat "$work/log" >&2
  echo "fetch-policy.sh: could not download the package debian-policy (above); pass text of your" \
    "own to the quick start instead" >&2
  exit 1
fi
dpkg-deb -x "$work"/debian-policy_*.deb "$work/root"
mkdir -p "$dir"
cp "$work/root/usr/share/doc/debian-policy/policy.txt.gz" "$dir/"
