#!/bin/sh
# Outlives the process that started a cluster. Each line read names the brokers' process ids; `done` ends the guard.
# When standard input closes before that, however its writer ended, the brokers named last are killed and the folder
# given as first argument, if any, is removed.
pids=
while IFS= read -r line; do
  [ "$line" = done ] && exit 0
  pids=$line
done
# shellcheck disable=SC2086 # a list
[ -n "$pids" ] && kill -9 $pids 2>/dev/null
[ -z "$1" ] && exit 0
# A killed process may still write for a moment.
for _ in 1 2 3 4 5; do
  rm -rf -- "$1" 2>/dev/null && exit 0
  sleep 1
done
