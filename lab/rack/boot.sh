#!/bin/bash
# Becomes the machine's pid 1: runs first in its new mount, uts, ipc, pid and cgroup namespaces, builds the root file
# system and hands over to systemd.
#   boot.sh ROOT LOWER UPPER WORK CONSOLE SHARE MEDIUM...
# SHARE, if not empty, is seen as /mnt/shared-storage; MEDIUM is name=file, seen as /dev/virtual-media/name.
set -euo pipefail
root=$1 lower=$2 upper=$3 work=$4 console=$5 share=$6
shift 6

mount --make-rprivate /
hostname localhost
# Root of a user namespace may not write the attributes in which overlayfs keeps its marks, unless they are a user's.
read -r _ outside _ </proc/self/uid_map
marks=$([ "$outside" = 0 ] || echo userxattr,)
mount -t overlay -o "${marks}lowerdir=$lower,upperdir=$upper,workdir=$work" overlay "$root"
cd "$root"

# Kernel interfaces, as a container manager offers them (systemd's CONTAINER_INTERFACE): what is the host's is read-only.
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
for path in proc/sys proc/sysrq-trigger proc/irq proc/bus; do
  [ -e "$path" ] && mount --bind "$path" "$path" && mount -o remount,bind,ro "$path"
done
mount --bind proc/sys/net proc/sys/net && mount -o remount,bind,rw proc/sys/net  # these belong to the network namespace

mount -t tmpfs -o mode=755,nosuid,size=4m tmpfs dev
for device in null zero full random urandom tty fuse; do
  [ -e "/dev/$device" ] && : > "dev/$device" && mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm dev/mqueue dev/virtual-media
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
: > dev/console && mount --bind "$console" dev/console
mount -t tmpfs -o mode=1777,nosuid,nodev,size=1g tmpfs dev/shm
mount -t mqueue mqueue dev/mqueue
mount -t tmpfs -o mode=755,nosuid,nodev,size=256m tmpfs run

for medium in "$@"; do
  name=${medium%%=*} file=${medium#*=}
  : > "dev/virtual-media/$name"
  mount --bind "$file" "dev/virtual-media/$name"
  mount -o remount,bind,ro,nosuid,nodev "dev/virtual-media/$name"
done
[ -z "$share" ] || mount --bind "$share" mnt/shared-storage

mkdir -p .host
pivot_root . .host
cd /
umount -l /.host
rmdir /.host
# No module, clock or raw device of the host is the machine's business; CAP_SYS_BOOT stays, it reboots the machine only.
exec env -i container=cloudpoint-lab TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  setpriv --bounding-set=-mknod,-sys_module,-sys_rawio,-sys_time --inh-caps=-mknod,-sys_module,-sys_rawio,-sys_time \
  /sbin/init --show-status=true
