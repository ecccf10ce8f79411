#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From nothing to answered questions, on this machine; see usage().
set -euo pipefail
# The worker refuses plugins that others may write to.
umask 022

usage() {
  cat <<'USAGE'
packaging/quickstart.sh [OPTION]... [DATA]

Installs what is needed, builds the worker, starts a private PostgreSQL and nats-server, imports
text, embeds it, and answers questions about it.

  DATA            a folder of .txt and .md files, or a file of NDJSON, an item a line as
                  `worker-datasets import` takes it; default: the Debian Policy Manual
  --qdrant URL    keep the vectors in this Qdrant server, in a collection of the run's own, rather
                  than in an SQLite file; a key it needs is taken from QDRANT_API_KEY
  --ask QUESTION  ask this at the end; may be repeated (default: three questions)
  --keep          leave everything running, and print how to go on by hand
  --stop          stop what --keep left running
  --dir DIR       the folder that everything of the run lives in; it can be deleted afterwards
                  (default: .quickstart; the build is in build/release, downloads are in .cache)
USAGE
}

die() {
  echo "quickstart: $*" >&2
  exit 1
}

say() {
  if [[ -t 1 ]]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

root=$(cd "$(dirname "$0")/.." && pwd)
dir=$root/.quickstart
keep=false
stop=false
qdrant=
data=
questions=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --keep) keep=true ;;
    --stop) stop=true ;;
    --dir | --ask | --qdrant)
      [[ $# -gt 1 ]] || die "$1 needs a value"
      case $1 in
        --dir) dir=$(realpath -m -- "$2") ;;
        --ask) questions+=("$2") ;;
        --qdrant) qdrant=${2%/} ;;
      esac
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*)
      usage >&2
      exit 2
      ;;
    *)
      [[ -z $data ]] || die "takes one folder or file, got '$data' and '$1'"
      [[ -r $1 ]] || die "cannot read $1: pass a folder of text or a file of NDJSON"
      data=$(realpath -- "$1")
      ;;
  esac
  shift
done

# shellcheck source-path=SCRIPTDIR
. "$root/packaging/lib/processes.sh"

if $stop; then
  stop_all || true
  echo "Stopped. $dir can be deleted."
  exit 0
fi

mkdir -p "$dir/log"
# Held until the last process of the run has ended.
exec 9>"$dir/lock"
flock --nonblock 9 || die "a quick start is running in $dir already; to stop it:
  $0 --stop --dir $dir"

finished=false
finish() {
  local status=$?
  trap '' HUP INT TERM
  set +e
  [[ -z $child ]] || kill -TERM -- "-$child"
  if ! $finished; then
    echo "quickstart: stopped before the end; logs are in $dir/log" >&2
  fi
  if ! $finished || ! $keep; then stop_all; fi
  exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

say "1. Packages, ONNX Runtime, model, worker"
cd "$root"
run packaging/lib/install-deps.sh build run
if [[ -n $qdrant ]]; then
  python3 - "$qdrant" <<'PYTHON' || die "cannot use the Qdrant server at $qdrant (above)"
import os, sys, urllib.error, urllib.request
try:
    key = os.environ.get("QDRANT_API_KEY")
    headers = {"api-key": key} if key else {}
    request = urllib.request.Request(sys.argv[1] + "/collections", headers=headers)
    urllib.request.urlopen(request, timeout=30)
except urllib.error.HTTPError as error:
    hint = "; its key is expected in QDRANT_API_KEY" if error.code in (401, 403) else ""
    sys.exit(f"it answered {error.code} {error.reason}{hint}")
except (OSError, ValueError) as error:
    sys.exit(f"{error}; expected is the address of its REST API, as http://localhost:6333")
PYTHON
fi
run packaging/lib/fetch-onnxruntime.sh
run packaging/lib/fetch-model.sh

build() {
  cmake --preset release && cmake --build --preset release --parallel "$(nproc)" &&
    cmake --install build/release --prefix "$1"
}
export -f build
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
echo "Building into build/release (log: $dir/log/build.log)"
run bash -c 'build "$1"' -- "$dir/install" >"$dir/log/build.log" 2>&1 || {
  tail -n 50 "$dir/log/build.log" >&2
  die "the build failed (above)"
}

say "2. PostgreSQL and nats-server, for this run alone"
read -r postgres_port nats_port metrics_port password < <(python3 -c '
import secrets, socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(s.getsockname()[1] for s in sockets), secrets.token_hex(16))')
start_postgres "$postgres_port" "$password" >"$dir/log/postgres.log" 2>&1 || {
  cat "$dir/log/postgres.log" >&2
  die "PostgreSQL did not start (above)"
}
start nats nats-server --addr 127.0.0.1 --port "$nats_port" --jetstream --store_dir "$dir/nats"

if [[ -n $qdrant ]]; then
  sink="VECTOR_SINK=qdrant QDRANT_URL=$(printf %q "$qdrant")"
  # Another run's, or somebody else's, may be there already under the name it would get.
  collection=(--collection "quickstart-$(date +%Y%m%d-%H%M%S)")
else
  mkdir -p "$dir/vectors"
  sink="VECTOR_SINK=sqlite SQLITE_PATH='$dir/vectors/vectors.sqlite'"
  collection=()
fi
(
  umask 077
  cat >"$dir/env" <<ENV
export PATH='$dir/install/bin':\$PATH
export DATABASE_URL='postgresql://quickstart:$password@127.0.0.1:$postgres_port/postgres'
export NATS_URL='nats://127.0.0.1:$nats_port'
export $sink
export PLUGIN_DIR='$dir/install/lib/worker-datasets/plugins'
export FASTEMBED_MODEL_DIR='$root/.cache/models'
export ONNXRUNTIME_LIB='$root/.cache/onnxruntime/lib/libonnxruntime.so'
export METRICS_ADDRESS=127.0.0.1 METRICS_PORT=$metrics_port LOG_LEVEL=warn LOG_FORMAT=text
ENV
)
# shellcheck source=/dev/null
. "$dir/env"
run worker-datasets migrate

say "3. Text into the database"
items=$dir/items.ndjson
if [[ -z $data ]]; then
  run packaging/lib/fetch-policy.sh
  packaging/lib/text-to-ndjson.py policy .cache/debian-policy/policy.txt.gz >"$items"
  title="Debian Policy Manual"
  [[ ${#questions[@]} -gt 0 ]] || questions=(
    "Where do log files go and who rotates them?"
    "May a package's build download files from the network?"
    "What happens to configuration files that the user has changed?"
  )
elif [[ -d $data ]]; then
  packaging/lib/text-to-ndjson.py "$data" >"$items"
  title=$(basename "$data")
else
  items=$data
  title=$(basename "$data")
fi
run worker-datasets import --dataset "$title" --batch-size 32 "${collection[@]}" --json "$items" \
  >"$dir/import.json"
read -r transform item_count chunk_count < <(python3 -c '
import json, sys
result = json.load(open(sys.argv[1]))
print(result["dataset_transform_id"], result["items"], result["chunks"])' "$dir/import.json")
echo "$title: $item_count items, $chunk_count chunks"
# Of text that this script does not know, the titles of three items are the questions.
[[ ${#questions[@]} -gt 0 ]] || mapfile -t questions < <(python3 -c '
import json, sys
titles = [json.loads(line).get("title") for line in open(sys.argv[1]) if line.strip()]
titles = [" ".join(title.split()) for title in titles if title]
for nth in (1, 3, 5)[: len(titles)]:
    print(titles[len(titles) * nth // 6])' "$items")

say "4. The worker: from chunks to vectors"
start worker env LOG_LEVEL=info worker-datasets run
echo "Metrics, health and readiness: http://127.0.0.1:$metrics_port/metrics /healthz /readyz"
python3 - "$metrics_port" "$(pid_of worker)" <<'PYTHON' || {
import os, sys, time, urllib.request
port, pid = sys.argv[1:]
for _ in range(600):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5)
        sys.exit(0)
    except OSError:
        if not os.path.exists(f"/proc/{pid}"):
            break
        time.sleep(0.1)
sys.exit(1)
PYTHON
  cat "$dir/log/worker.log" >&2
  die "the worker did not become ready (its log is above)"
}
began=$(date +%s.%N)
setsid worker-datasets submit --transform "$transform" --watch &
child=$!
wait -n -p ended "$child" "$(pid_of worker)" || {
  tail -n 50 "$dir/log/worker.log" >&2
  die "the job failed, or the worker ended (its log is above)"
}
[[ $ended == "$child" ]] || die "the worker ended before its job: $dir/log/worker.log"
child=
python3 -c 'import sys
items, chunks, began, ended = map(float, sys.argv[1:])
print(f"{chunks:.0f} chunks of {items:.0f} items embedded and stored in {ended - began:.1f} s: "
      f"{chunks / (ended - began):.1f} chunks a second")' \
  "$item_count" "$chunk_count" "$began" "$(date +%s.%N)"

say "5. Questions, answered from the vectors"
for question in "${questions[@]}"; do
  echo
  run worker-datasets search --transform "$transform" -k 3 "$question"
done

finished=true
if [[ -n $qdrant ]]; then
  say "The vectors stay in Qdrant: $qdrant/collections/${collection[1]}"
fi
if $keep; then
  say "Everything is still running. To go on by hand:"
  cat <<NEXT
  . $dir/env
  worker-datasets search --transform $transform "your question"
  worker-datasets import --dataset more${collection[1]:+ --collection ${collection[1]}-more} more.ndjson
  worker-datasets submit --transform $transform --watch
  worker-datasets plugins
  curl http://127.0.0.1:$metrics_port/metrics
  tail -f $dir/log/worker.log
To stop it and remove its data:
  $0 --stop --dir $dir
NEXT
else
  say "Done; all is stopped. With --keep it stays up."
fi
