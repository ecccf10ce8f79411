# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the quick start: its private services, all of which live in the folder $dir and write
# to $dir/log, and commands that end when the script does.
: "${dir:?must be set by the script that sources this}"

# start NAME COMMAND...: runs it in the background, in $dir, which tells it from other processes.
start() {
  local name=$1
  shift
  (cd "$dir" && exec setsid "$@") >"$dir/log/$name.log" 2>&1 </dev/null &
  echo $! >"$dir/$name.pid"
}

# Prints the process id of what was started under the name, if it still runs.
pid_of() {
  local pid
  pid=$(cat "$dir/$1.pid" 2>/dev/null) && [[ $(readlink "/proc/$pid/cwd") == "$dir" ]] &&
    echo "$pid"
}

# Asks it to end, and ends it after 40 s.
stop_process() {
  local pid attempt
  pid=$(pid_of "$1") || return 0
  kill -TERM "$pid"
  for ((attempt = 0; attempt < 400; ++attempt)); do
    [[ -d /proc/$pid ]] || return 0
    sleep 0.1
  done
  kill -KILL "$pid"
}

# run COMMAND...: waits for it, yet a signal to the script ends both at once.
child=
run() {
  local status=0
  setsid "$@" &
  child=$!
  wait "$child" || status=$?
  child=
  return "$status"
}

# PostgreSQL's programs refuse to run as root.
as_postgres=()
[[ $(id -u) -ne 0 ]] || as_postgres=(runuser -u postgres --)
postgres() {
  local program=$1 folders=(/usr/lib/postgresql/*/bin)
  shift
  (cd / && "${as_postgres[@]}" "${folders[-1]}/$program" "$@")
}

# start_postgres PORT PASSWORD: an empty server; the user is `quickstart`, the database `postgres`.
start_postgres() {
  local place=$dir
  # The user postgres may not be able to reach a checkout, below /root for one.
  (cd / && "${as_postgres[@]}" test -x "$dir") || place=/var/tmp
  place=$(mktemp -d "$place/quickstart-postgres.XXXXXX")
  ln -sfn "$place" "$dir/postgres"
  (umask 077 && echo "$2" >"$place/password")
  [[ ${#as_postgres[@]} -eq 0 ]] || chown -R postgres: "$place"
  postgres initdb --pgdata "$place/data" --username quickstart --pwfile "$place/password" \
    --auth scram-sha-256 --encoding UTF8 --locale C --no-sync &&
    postgres pg_ctl start --wait --pgdata "$place/data" --log "$place/log" \
      --options "-p $1 -c listen_addresses=127.0.0.1 -c unix_socket_directories="
}

stop_all() {
  local place
  stop_process worker
  stop_process nats
  if place=$(readlink "$dir/postgres"); then
    postgres pg_ctl stop --pgdata "$place/data" --mode fast >/dev/null 2>&1
    rm -rf "$place"
  fi
  rm -rf "$dir"/{postgres,nats,vectors,env,nats.pid,worker.pid}
}
