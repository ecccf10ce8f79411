#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures the whole worker between doubles of its services; see usage().
set -euo pipefail
# The worker refuses plugins that others may write to.
umask 022

usage() {
  cat <<'USAGE'
tests/bench/run.sh [OPTION]...

Builds the release, starts a private PostgreSQL, nats-server and doubles of the embedding service
and of the vector database, embeds generated text, and prints what that took as a JSON object. The
worker takes its other settings from the environment, as in BATCHES_IN_FLIGHT=16 tests/bench/run.sh.

  --provider NAME      openai (default), cohere, jina or voyage
  --chunks N           chunks of about 200 tokens, in items of ten (default: 100000)
  --dims N             size of the vectors (default: 1536)
  --encoding NAME      how vectors come: base64 (default), float, or spaced, which is float with as
                       much white space as OpenAI's answers have
  --transport NAME     how points go to Qdrant: grpc (default) or rest
  --latency-ms N       of each answer of the embedding service (default: 0)
  --jobs N             jobs that share the chunks (default: 1)
  --batch-size N       chunks per batch (default: the worker's)
  --sink NAME          qdrant (default) or sqlite
  --settled N          afterwards, how long a job takes over N more items of a chunk each that were
                       embedded before, when none, one or six of them changed or three are gone
  --build-dir DIR      take the programs of this build, and build nothing
  --perf FILE          record the worker's CPU profile of the run, for `perf report -i FILE`
USAGE
}

die() {
  echo "bench: $*" >&2
  exit 1
}

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/bench
provider=openai chunks=100000 dims=1536 encoding=base64 transport=grpc sink=qdrant
latency=0 jobs=1 settled=0 batch='' build='' perf=''
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --*) [[ $# -gt 1 ]] || die "$1 needs a value" ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  case $1 in
    --provider) provider=$2 ;;
    --chunks) chunks=$2 ;;
    --dims) dims=$2 ;;
    --encoding) encoding=$2 ;;
    --transport) transport=$2 ;;
    --latency-ms) latency=$2 ;;
    --jobs) jobs=$2 ;;
    --batch-size) batch=$2 ;;
    --sink) sink=$2 ;;
    --settled) settled=$2 ;;
    --build-dir) build=$(realpath -- "$2") ;;
    --perf) perf=$(realpath -m -- "$2") ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  shift 2
done
one_of() {
  local name=$1 value=$2 allowed
  shift 2
  for allowed in "$@"; do [[ $value != "$allowed" ]] || return 0; done
  die "$name $value: expected one of: $*"
}
number() {
  [[ $2 =~ ^[0-9]{1,9}$ && $((10#$2)) -ge $3 ]] || die "$1 $2: expected a number, $3 or more"
}
one_of --provider "$provider" openai cohere jina voyage
one_of --encoding "$encoding" base64 float spaced
one_of --transport "$transport" grpc rest
one_of --sink "$sink" qdrant sqlite
number --chunks "$chunks" 1
number --dims "$dims" 1
number --latency-ms "$latency" 0
number --jobs "$jobs" 1
number --settled "$settled" 0
[[ -z $batch ]] || number --batch-size "$batch" 1
[[ $jobs -le $chunks ]] || die "--jobs $jobs: more than there are chunks"

dir=$(mktemp -d "${TMPDIR:-/tmp}/dsw-bench.XXXXXX")
mkdir "$dir/log"
# shellcheck source-path=SCRIPTDIR/../..
. "$root/packaging/lib/processes.sh"

stop_doubles() {
  stop_process embedder
  stop_process qdrant
}
finished=false
finish() {
  local status=$?
  trap '' HUP INT TERM
  set +e
  [[ -z $child ]] || kill -TERM -- "-$child"
  if ! $finished; then
    for log in "$dir"/log/*.log; do
      echo "bench: the end of $(basename "$log"):" >&2
      tail -n 20 "$log" >&2
    done
  fi
  stop_all
  stop_doubles
  rm -rf "$dir"
  exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

programs=(worker-datasets embed_cohere embed_jina embed_openai embed_voyage sink_qdrant sink_sqlite
  dsw-double dsw-double-qdrant)
build() {
  local folder=$1
  shift
  cmake --preset release -B "$folder" -DDSW_TESTS=ON &&
    cmake --build "$folder" --parallel "$(nproc)" --target "$@"
}
export -f build
if [[ -z $build ]]; then
  build=$root/build/bench
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  cd "$root"
  run packaging/lib/install-deps.sh build test >&2
  echo "bench: building into $build" >&2
  run bash -c 'build "$@"' -- "$build" "${programs[@]}" dsw-bench-micro >"$dir/log/build.log" 2>&1 ||
    die "the build failed"
fi
worker=$build/host/app/worker-datasets

# first_line NAME: of a program's output, once it is there.
first_line() {
  local attempt line
  for ((attempt = 0; attempt < 300; ++attempt)); do
    if read -r line <"$dir/log/$1.log"; then
      echo "$line"
      return
    fi
    [[ -n $(pid_of "$1") ]] || return 1
    sleep 0.1
  done
  return 1
}

double=(--dims "$dims" --fast --latency-ms "$latency")
[[ $encoding == base64 ]] || double+=(--float)
[[ $encoding == spaced ]] || double+=(--compact)
start embedder "$build/tests/doubles/dsw-double" "$provider" "${double[@]}"
base_url=$(first_line embedder) || die "the double of $provider did not start"

export VECTOR_SINK=$sink SQLITE_PATH=$dir/vectors.sqlite
if [[ $sink == qdrant ]]; then
  start qdrant "$build/tests/doubles/qdrant/dsw-double-qdrant" --fast
  addresses=$(first_line qdrant) || die "the double of Qdrant did not start"
  QDRANT_URL=$(python3 -c 'import json, sys
print(json.loads(sys.argv[1])["rest_url"])' "$addresses")
  QDRANT_GRPC_URL=$(python3 -c 'import json, sys
print(json.loads(sys.argv[1])["grpc_url"])' "$addresses")
  export QDRANT_URL QDRANT_GRPC_URL QDRANT_TRANSPORT=$transport
fi

read -r postgres_port nats_port metrics_port password < <(python3 -c '
import secrets, socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(s.getsockname()[1] for s in sockets), secrets.token_hex(16))')
start_postgres "$postgres_port" "$password" >"$dir/log/postgres.log" 2>&1 ||
  die "PostgreSQL did not start"
start nats nats-server --addr 127.0.0.1 --port "$nats_port" --jetstream --store_dir "$dir/nats"

export DATABASE_URL=postgresql://quickstart:$password@127.0.0.1:$postgres_port/postgres
export NATS_URL=nats://127.0.0.1:$nats_port PLUGIN_DIR=$build/plugins BENCH_KEY=none
export PLUGIN_ISOLATION=none
export METRICS_ADDRESS=127.0.0.1 METRICS_PORT=$metrics_port LOG_LEVEL=${LOG_LEVEL:-warn}
export LOG_FORMAT=text MAX_EMBEDDER_REQUESTS_PER_SECOND=0 WORKER_SHUTDOWN_TIMEOUT_SECS=1
unset RUST_LOG OPENAI_API_KEY COHERE_API_KEY JINA_API_KEY VOYAGE_API_KEY
run "$worker" migrate >&2

echo "bench: importing $chunks chunks" >&2
transforms=()
settings='{"requests_per_minute":0,"inputs_per_minute":0,"tokens_per_minute":0}'
for ((job = 0; job < jobs; ++job)); do
  share=$((chunks / jobs + (job < chunks % jobs ? 1 : 0)))
  run "$here/measure.py" text --chunks "$share" --seed "$job" >"$dir/items.ndjson"
  run "$worker" import --dataset "bench $job" --embedder "$provider:bench-model" \
    --base-url "$base_url" --api-key env:BENCH_KEY --config "$settings" \
    ${batch:+--batch-size "$batch"} --json "$dir/items.ndjson" >"$dir/import.json"
  transforms+=("$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["dataset_transform_id"])' "$dir/import.json")")
  rm "$dir/items.ndjson"
done

start worker "$worker" run
echo "bench: embedding" >&2
run "$here/measure.py" job --worker "$worker" --pid "$(cat "$dir/worker.pid")" \
  --postgres "$(head -n 1 "$dir/postgres/data/postmaster.pid")" \
  --ready "http://127.0.0.1:$metrics_port/readyz" --perf "$perf" "${transforms[@]}" \
  >"$dir/job.json" || die "the job failed"
if [[ $settled -gt 0 ]]; then
  echo "bench: jobs over $settled items that are embedded already" >&2
  run "$here/measure.py" settled --worker "$worker" --items "$settled" "${transforms[0]}" \
    >"$dir/settled.json" || die "a job over embedded items failed"
fi
stop_process worker
stop_doubles
run "$here/measure.py" report --job "$dir/job.json" --embedder "$dir/log/embedder.log" \
  --qdrant "$dir/log/qdrant.log" --sqlite "$SQLITE_PATH" --settled "$dir/settled.json" \
  provider="$provider" sink="$sink" transport="$transport" encoding="$encoding" \
  dims="$dims" latency_ms="$latency" jobs="$jobs"
finished=true
