#!/bin/sh
# start.sh FROM TO COMMAND…: lays the dashboards of FROM into TO and becomes COMMAND. Where CONSOLE_URL names a console, links to single pile-ons lead
# there; else to Alertmanager's page, as they are committed. Where RUNBOOKS_URL names another folder of runbooks than Grafana's own, theirs lead there.
set -eu
from=$1 to=$2
shift 2
# address NAME WHAT VALUE: ends where VALUE is neither an address nor nothing.
address() {
    case $3 in
    "") return ;;
    *[!A-Za-z0-9.:/_~-]*) ;;
    http://?* | https://?*) return ;;
    esac
    echo "$1 is no address of $2; write https://host, or nothing" >&2
    exit 2
}
address CONSOLE_URL "a console" "${CONSOLE_URL:-}"
address RUNBOOKS_URL runbooks "${RUNBOOKS_URL:-}"
put=""
if [ -n "${CONSOLE_URL:-}" ]; then put="s|http://localhost:9093/#/alerts[^\"]*|${CONSOLE_URL%/}/|"; fi
if [ -n "${RUNBOOKS_URL:-}" ]; then put="$put;s|\"/public/runbooks\"|\"${RUNBOOKS_URL%/}\"|"; fi
mkdir -p "$to"
for file in "$from"/*.json; do
    sed -e "$put" "$file" >"$to/${file##*/}"
done
exec "$@"
