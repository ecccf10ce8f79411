#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh DIRECTORY
#
# Runs every target of the fuzz_program in the build tree DIRECTORY, two at a time, for
# DSW_FUZZ_SECONDS (60) each, with the dice of DSW_FUZZ_SEED (others in every run). Prints a line
# per target; fails on any finding, which stays in DIRECTORY/fuzzing/TARGET-*, as what was found
# worth trying again stays in DIRECTORY/fuzzing/TARGET/.
set -euo pipefail

program=$(realpath "$1/tests/fuzz/fuzz_program")
seconds=${DSW_FUZZ_SECONDS:-60}
seed=${DSW_FUZZ_SEED:-0}
mkdir -p "$1/fuzzing"
cd "$1/fuzzing"

run() {
  if DSW_FUZZ_TARGET=$1 "$program" -seed="$seed" -max_total_time="$seconds" -max_len=4096 \
    -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$1-" "$1" >"$1.log" 2>&1 </dev/null; then
    echo "$1: $(grep -o '^Done [0-9]* runs' "$1.log" || echo 'no finding')"
  else
    tail -n 60 "$1.log"
    echo "$1: a finding; its input is in $PWD/$1-*, all of the output in $PWD/$1.log"
    return 1
  fi
}

rm -f -- *-crash-* *-leak-* *-oom-* *-timeout-*
mapfile -t targets < <("$program")
[[ ${#targets[@]} -gt 0 ]]
export -f run
export program seconds seed
printf '%s\n' "${targets[@]}" | xargs -P 2 -I {} bash -c 'run {}'
