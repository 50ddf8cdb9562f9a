#!/bin/bash
# Makes the machines by Heat, waits until each can be logged in to, and writes their addresses where Ansible finds them.
# Run it again after a failure: what is there stays.
set -euo pipefail
cd "$(dirname "$0")"
. ./cluster.sh
bash secrets.sh
wait_seconds=${WAIT_SECONDS:-1800}

status() { openstack stack show -f value -c stack_status "$name-$1" 2>/dev/null || true; }

# create GROUP OPTION…: begins to make a group of machines, unless it is there
create() {
  local group=$1
  shift
  [ -n "$(status "$group")" ] && return
  echo "$name-$group: create"
  openstack stack create -f value -c id -t "hot/$group.yaml" -e "hot/$group.env.yaml" "$@" "$name-$group" >/dev/null
}

# complete GROUP: waits until the group is made
complete() {
  local now deadline=$((SECONDS + wait_seconds))
  while now=$(status "$1"); [ "$now" != CREATE_COMPLETE ]; do
    case $now in
      *FAILED) openstack stack failures list "$name-$1" >&2; return 1 ;;
    esac
    [ $SECONDS -lt $deadline ] || { echo "$name-$1 is still $now after $wait_seconds s" >&2; return 1; }
    sleep 5
  done
  echo "$name-$1: complete"
}

# reachable HOST: waits until root can log in
reachable() {
  local deadline=$((SECONDS + wait_seconds))
  until (cd ansible && ssh -F ssh/config -o ConnectTimeout=5 "root@$1" true 2>ssh/last-error); do
    [ $SECONDS -lt $deadline ] || { echo "no log-in at $1: $(cat ansible/ssh/last-error)" >&2; return 1; }
    sleep 2
  done
}

create shared
complete shared
network=$(openstack stack output show -f value -c output_value "$name-shared" network)
for batch in "${batches[@]}"; do
  create "$batch" --parameter "network=$network" --parameter-file "user_data=$PWD/user-data.yaml"
done
for batch in "${batches[@]}"; do
  complete "$batch"
  openstack stack output show -f json "$name-$batch" servers | python3 ansible/addresses.py
done
while read -r address; do
  reachable "$address" </dev/null
  echo "$address: reachable"
done < <(sed -n 's/^ansible_host: "\(.*\)"$/\1/p' ansible/host_vars/*.yaml)
echo "Now configure them: cd ansible && ansible-playbook site.yml && ansible-playbook verify.yml"
