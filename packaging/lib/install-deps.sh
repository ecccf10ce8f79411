#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian or Ubuntu packages that the project needs: `install-deps.sh build test run`;
# `clang` is what the preset of that name needs more than `build`, `package` what container images do.
# Does nothing when all are there. Leaves no service running, enabled or set up behind it.
set -euo pipefail

build_packages=(
  ccache cmake g++ gcc mold ninja-build pkg-config
  libboost-dev libcli11-dev libcpp-httplib-dev libcurl4-openssl-dev libexpected-dev libfmt-dev
  libnats-dev libpqxx-dev libsimdjson-dev libspdlog-dev libsqlite3-dev libssl-dev nlohmann-json3-dev
  prometheus-cpp-dev
  ca-certificates python3 python3-pip  # fetch ONNX Runtime
)
run_packages=(
  ca-certificates nats-server postgresql python3 python3-pip
)
package_packages=(dpkg-dev)
test_packages=(
  "${run_packages[@]}" "${package_packages[@]}"
  binutils codespell git libbenchmark-dev libgmock-dev libgrpc++-dev libgtest-dev libnghttp2-dev
  libprotobuf-dev make protobuf-compiler protobuf-compiler-grpc python3-jsonschema python3-yaml
  shellcheck zlib1g-dev
)
clang_packages=(clang-14 libclang-rt-14-dev)

die() {
  echo "install-deps: $*" >&2
  exit 1
}

[[ $# -gt 0 ]] || die "say what for: build, clang, package, test, run"
wanted=()
for purpose in "$@"; do
  case $purpose in
    build) wanted+=("${build_packages[@]}") ;;
    clang) wanted+=("${clang_packages[@]}") ;;
    package) wanted+=("${package_packages[@]}") ;;
    test) wanted+=("${test_packages[@]}") ;;
    run) wanted+=("${run_packages[@]}") ;;
    *) die "unknown purpose '$purpose'; known: build, clang, package, test, run" ;;
  esac
done

command -v dpkg-query >/dev/null || die "needs Debian 12 or 13, or Ubuntu 24.04 (no dpkg here).
On another system install the counterparts of: ${wanted[*]}"

mapfile -t missing < <(
  comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
    <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
      sed -n 's/^installed //p' | sort -u)
)
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || die "must be root, or have sudo, to run:
  apt-get install --no-install-recommends ${missing[*]}"
  exec sudo -- bash "$0" "$@"
fi

echo "Installing with apt: ${missing[*]}"

# While apt runs: no new database cluster, and no daemon started.
cluster_setting=/etc/postgresql-common/createcluster.d/worker-datasets.conf
created=()
log=$(mktemp)
undo() {
  rm -f -- "${created[@]}" "$log"
  rmdir --ignore-fail-on-non-empty -- "${cluster_setting%/*}" 2>/dev/null || true
}
trap undo EXIT
if [[ ! -e $cluster_setting ]]; then
  mkdir -p "${cluster_setting%/*}"
  created+=("$cluster_setting")
  echo "create_main_cluster = false" >"$cluster_setting"
fi
if [[ ! -e /usr/sbin/policy-rc.d ]]; then
  created+=(/usr/sbin/policy-rc.d)
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
fi

quiet_apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 "$@" \
    >"$log" 2>&1 </dev/null || {
    cat "$log" >&2
    die "apt-get $1 failed (above)"
  }
}
quiet_apt update
quiet_apt install --yes --no-install-recommends "${missing[@]}"

# Both packages have just enabled their daemon for the next boot.
for name in "${missing[@]}"; do
  if [[ $name == nats-server || $name == postgresql ]]; then
    rm -f "/etc/systemd/system/multi-user.target.wants/$name.service"
    [[ ! -e /etc/init.d/$name ]] || update-rc.d "$name" disable
  fi
done
