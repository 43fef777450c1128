#!/bin/sh
# start.sh COMMAND…: becomes COMMAND. The rules put a slash and a runbook's name behind RUNBOOKS_URL: one that stands at its end is taken away.
set -eu
url=${RUNBOOKS_URL:-}
export RUNBOOKS_URL="${url%/}"
exec "$@"
