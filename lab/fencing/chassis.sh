#!/bin/sh
# The wires between a management board and its server's power: `chassis.sh FOLDER ROLE GROUP ADDRESS get power` or
# `… set power 0`, as OpenIPMI's simulator calls its chassis control. The server is on while a process is in its control GROUP.
# What is to be done lies in FOLDER until the lab has done it.
folder=$1 role=$2 group=$3 verb=$5
mood=$(cat "$folder/bmc-$role.mood" 2>/dev/null)
order() {
  : >"$folder/$role.new" && mv "$folder/$role.new" "$folder/$role.$1"
  turns=0
  while [ -e "$folder/$role.$1" ] && [ "$turns" -lt 500 ]; do
    sleep 0.02
    turns=$((turns + 1))
  done
}
case $verb in
get)
  if [ "$mood" != says-off ] && grep -q 'populated 1' "$group/cgroup.events" 2>/dev/null; then echo power:1; else echo power:0; fi
  ;;
set)
  shift 5
  while [ $# -gt 1 ]; do
    if [ "$1" = power ] && [ -z "$mood" ]; then
      case $2 in 0) order off ;; 1) order on ;; esac
    fi
    shift 2
  done
  ;;
esac
exit 0
