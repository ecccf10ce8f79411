#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what the tests need, builds, runs every test. `tests/run.sh asan` does it with a preset
# of CMakePresets.json (default: dev); arguments after the preset go to ctest. `tests/run.sh fuzz`
# builds and runs the fuzzing program instead; see tests/fuzz/run.sh.
set -euo pipefail
# The worker refuses plugins that others may write to.
umask 022
cd "$(dirname "$0")/.."

preset=dev
if [[ $# -gt 0 && $1 != -* ]]; then
  preset=$1
  shift
fi

purposes=(build test)
[[ $preset != clang && $preset != fuzz ]] || purposes+=(clang)
packaging/lib/install-deps.sh "${purposes[@]}"
packaging/lib/fetch-onnxruntime.sh
packaging/lib/fetch-model.sh
packaging/lib/fetch-clang-format.sh
packaging/lib/fetch-container-lint.sh

# A hit of the compiler cache must not depend on where the checkout lies.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

log=build/$preset/run.log
mkdir -p "build/$preset"
echo "Building preset $preset (log: $log)"
target=all
[[ $preset != fuzz ]] || target=fuzz_program
if ! { cmake --preset "$preset" &&
  cmake --build --preset "$preset" --target "$target" --parallel 2; } \
  >"$log" 2>&1 </dev/null; then
  tail -n 100 "$log" >&2
  echo "tests/run.sh: the build failed; all of its output is in $log" >&2
  exit 1
fi

suppressions=$PWD/tests/sanitizers
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export LSAN_OPTIONS=suppressions=$suppressions/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=suppressions=$suppressions/tsan.supp
[[ $preset != fuzz ]] || exec tests/fuzz/run.sh build/fuzz
exec ctest --test-dir "build/$preset" --parallel 2 --output-on-failure --no-label-summary \
  --no-tests=error "$@" </dev/null
