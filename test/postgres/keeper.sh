#!/bin/sh
# Keeps one PostgreSQL server for a test: ends it when told (a line: fast, immediate, keep-fast, keep-immediate, keep-kill) or when
# the test is gone (end of input), and removes its folder unless told to keep it. usage: keeper.sh FOLDER PROGRAM...
folder=$1
shift
# Its standard error is the test's way to know that the server is gone, so nobody else may hold it.
"$@" </dev/null &
server=$!
exec 2>/dev/null
trap '' INT HUP TERM
how=immediate
read -r told && how=$told
case $how in
  *fast) kill -INT "$server" ;;
  *kill) kill -KILL "$server" ;;
  *) kill -QUIT "$server" ;;
esac
wait "$server"
case $how in
  keep-*) ;;
  *) rm -rf -- "$folder" ;;
esac
