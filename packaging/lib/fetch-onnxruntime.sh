#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fetch-onnxruntime.sh [DIR]
#
# Puts ONNX Runtime into DIR (default: .cache/onnxruntime beside the sources): DIR/include with the
# headers of its C API, DIR/lib/libonnxruntime.so. Where the distribution's libonnxruntime-dev is
# installed, both are links to it. Elsewhere the headers come out of the libonnxruntime-dev package
# of a later release of the same distribution (unpacked, not installed; the machine's own apt state
# is left alone) and the library out of a wheel. A second run does nothing and needs no network.
#
# Needs: apt-get, dpkg-deb, python3 with pip (Debian and Ubuntu: python3-pip).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:-$here/../../.cache/onnxruntime}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

version=1.32.0
case $(uname -m) in
  x86_64)
    wheel_sha256=5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d
    wheel_size="28 MB" ;;
  aarch64)
    wheel_sha256=2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c
    wheel_size="23 MB" ;;
  *)
    echo "fetch-onnxruntime.sh: no ONNX Runtime release for $(uname -m); build it, put its headers" \
      "into $dir/include and libonnxruntime.so into $dir/lib" >&2
    exit 1 ;;
esac

header=onnxruntime_c_api.h
# Of version 1.21.0 in Debian. Elsewhere the distribution's signature on the package has to do.
debian_header_sha256=7783e9664bdb0b1b36145b5c8587dd1bc9a399aa000edf2e3dd03003cafc6882

# Debian's package has its headers in one of these, depending on the release.
system_include() {
  local candidate
  for candidate in /usr/include/onnxruntime /usr/include/onnxruntime/core/session; do
    [ -e "$candidate/$header" ] && echo "$candidate" && return
  done
  return 1
}

system_library() {
  local candidate
  for candidate in /usr/lib/"$(uname -m)"-linux-gnu/libonnxruntime.so*; do
    [ -e "$candidate" ] && echo "$candidate" && return
  done
  return 1
}

# Prints the first distribution mirror that apt is set up with.
mirror() {
  # shellcheck disable=SC2016  # for apt to expand
  apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk -v release="$1" '$1 == release { print $2; exit }'
}

fetch_headers() {
  local id codename components suites keyring work uri suite arch
  # shellcheck source=/dev/null
  . /etc/os-release
  id=${ID:-} codename=${VERSION_CODENAME:-}
  case $id in
    debian) components=main suites="trixie" keyring=/usr/share/keyrings/debian-archive-keyring.gpg ;;
    ubuntu) components=universe suites="resolute questing plucky"
      keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg ;;
    *)
      echo "fetch-onnxruntime.sh: do not know where ${PRETTY_NAME:-this system} has the headers;" \
        "put ONNX Runtime's $header into $dir/include" >&2
      return 1 ;;
  esac
  uri=$(mirror "$codename")
  if [ -z "$uri" ]; then
    echo "fetch-onnxruntime.sh: apt has no package lists for $codename; run: apt-get update" >&2
    return 1
  fi

  echo "ONNX Runtime: headers of its C API, package libonnxruntime-dev of a later $id release" \
    "(85 kB and 10 MB of package lists, MIT)"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  chmod 755 "$work"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  arch=$(dpkg --print-architecture)
  for suite in $suites; do
    echo "deb [arch=$arch signed-by=$keyring] $uri $suite $components" >"$work/sources.list"
    local options=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=-
      -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Get::List-Cleanup=0
      -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false)
    if apt-get "${options[@]}" update >"$work/log" 2>&1 &&
      (cd "$work" && apt-get "${options[@]}" download libonnxruntime-dev >>"$work/log" 2>&1); then
      dpkg-deb -x "$work"/libonnxruntime-dev_*.deb "$work/root"
      rm -rf "$dir/include.part"
      cp -r "$(dirname "$(find "$work/root" -name "$header" | head -n 1)")" "$dir/include.part"
      if [ "$id" = debian ] && ! sha256sum --status --check - \
        <<<"$debian_header_sha256  $dir/include.part/$header"; then
        echo "fetch-onnxruntime.sh: $header of $suite is not the one that was pinned" >&2
        return 1
      fi
      rm -rf "$dir/include"
      mv "$dir/include.part" "$dir/include"
      return
    fi
  done
  cat "$work/log" >&2
  echo "fetch-onnxruntime.sh: could not download libonnxruntime-dev ($suites)" >&2
  return 1
}

if include=$(system_include) && library=$(system_library); then
  rm -rf "$dir/include"
  mkdir -p "$dir/lib"
  ln -sfnT "$include" "$dir/include"
  ln -sfnT "$library" "$dir/lib/libonnxruntime.so"
  exit 0
fi

[ -e "$dir/include/$header" ] || fetch_headers

if [ ! -e "$dir/lib/libonnxruntime.so" ]; then
  echo "ONNX Runtime: library $version, from wheel onnxruntime==$version ($wheel_size, MIT)"
  bash "$here/fetch-wheel.sh" "onnxruntime==$version" "$wheel_sha256" "$dir/lib" \
    "onnxruntime/capi/libonnxruntime.so.$version=libonnxruntime.so" \
    onnxruntime/LICENSE onnxruntime/ThirdPartyNotices.txt \
    -- --platform "manylinux_2_28_$(uname -m)" --python-version 311
fi
