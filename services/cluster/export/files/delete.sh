#!/bin/bash
# Gives the machines back. Keys and secrets stay; delete this folder to be rid of them.
set -euo pipefail
cd "$(dirname "$0")"
. ./cluster.sh
wait_seconds=${WAIT_SECONDS:-1800}

there() { openstack stack show -f value -c id "$name-$1" >/dev/null 2>&1; }

# gone GROUP: waits until nothing of the group is left
gone() {
  local deadline=$((SECONDS + wait_seconds))
  while there "$1"; do
    [ $SECONDS -lt $deadline ] || { echo "$name-$1 is still there after $wait_seconds s" >&2; return 1; }
    sleep 5
  done
  echo "$name-$1: gone"
}

for group in "${batches[@]}"; do
  if there "$group"; then openstack stack delete --yes "$name-$group"; fi
done
for group in "${batches[@]}"; do gone "$group"; done
if there shared; then openstack stack delete --yes "$name-shared"; fi
gone shared
rm -rf ansible/host_vars ansible/ssh/known_hosts
