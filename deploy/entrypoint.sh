#!/bin/sh
# Docker restarts whatever exits with an error. 70 (a bug, an outage) is to be restarted; 2 (a mistake in the settings) and
# 3 (too much unreadable input) would only come again: they stop the container as if it had ended well, after a plain line.
threadwatch "$@" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM INT
wait "$child"
code=$?
# A trapped signal ends the first wait, not the child: what is in flight is finished first.
while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
done
case "$code" in
2 | 3)
    echo "threadwatch stopped with exit code $code and is not restarted: mend what the line above says, then start it again" >&2
    exit 0
    ;;
*) exit "$code" ;;
esac
