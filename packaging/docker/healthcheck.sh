#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The image's health check: 0 while the worker answers. Asks /healthz rather than /readyz, since an
# orchestrator replaces what is unhealthy, and a new worker mends no database. Bash makes the
# request, which Debian's base image has; it has neither curl nor wget.
set -euo pipefail

port=${METRICS_PORT:-9090}
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
if [[ $status != 200 ]]; then
  echo "/healthz on port $port answered $status" >&2
  exit 1
fi
