#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# runtime-packages.sh DIR
#
# Prints the Debian packages, a line each, whose libraries the programs and plugins installed below
# DIR are linked to. Asks the packages of this machine, so DIR has to be built here; run on the
# release that is run on.
#
# Needs: dpkg-shlibdeps (Debian and Ubuntu: dpkg-dev).
set -euo pipefail

installed=$(realpath -- "${1:?say which directory holds the installed worker}")
mapfile -d '' -t files < <(find "$installed" -type f \( -path '*/bin/*' -o -name '*.so' \) -print0)
if [[ ${#files[@]} -eq 0 ]]; then
  echo "runtime-packages.sh: no programs or plugins below $installed" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# It expects the sources of a Debian package around it.
mkdir debian
touch debian/control
dpkg-shlibdeps -O "${files[@]/#/-e}" >packages 2>log || {
  cat log >&2
  exit 1
}
sed 's/^shlibs:Depends=//; s/ ([^)]*)//g; s/, /\n/g' packages
