#!/bin/sh
# usage: process NAME JOURNAL PIDFILE
# A daemon that writes to the journal when it starts, before its caller goes on,
# and when it ends.
echo "start $1" >>"$2"
{
	trap 'echo "stop $1" >>"$2"; kill "$child"; rm -f "$3"; exit 0' TERM
	sleep 300 &
	child=$!
	wait "$child"
} </dev/null >/dev/null 2>&1 &
echo "$!" >"$3"
