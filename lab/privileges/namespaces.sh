#!/bin/bash
# Readies new user, mount and control group namespaces for machines, then runs COMMAND in them.
#   namespaces.sh HIERARCHY GROUP RUN COMMAND…
# GROUP becomes the whole of HIERARCHY. RUN is where the host's /run goes on, while /run itself can be written to.
set -euo pipefail
shopt -s nullglob
hierarchy=$1 group=$2 run=$3
shift 3

mount --bind "$group" "$hierarchy"

mount --rbind /run "$run"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
for entry in "$run"/*; do
  [ "${entry##*/}" = netns ] || ln -s "$entry" /run/
done
mkdir /run/netns /run/trial{,/lower,/upper,/work,/root}

if ! mount -t overlay -o userxattr,lowerdir=/run/trial/lower,upperdir=/run/trial/upper,workdir=/run/trial/work \
  overlay /run/trial/root; then
  echo "This kernel mounts no overlayfs in a user namespace: it takes Linux 5.11 or later." >&2
  exit 1
fi
umount /run/trial/root
rm -r /run/trial
exec "$@"
