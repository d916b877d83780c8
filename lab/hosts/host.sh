#!/bin/sh
# Enters a lab host. The parts that only a process about to become another one can do: join a cgroup, build a root, pivot.
# All values come as arguments and are only ever expanded quoted; nothing here is built from text.
#   host.sh boot CGROUP NETNS DIR TREE NAME REPOSITORY STATE   becomes the parent of the host's PID 1
#   host.sh exec CGROUP PID ARGV...                            runs a program inside a booted host
#   host.sh net CGROUP NETNS ARGV...                           runs a program of this machine in the host's network only
set -eu
stage=$1
shift

case $stage in
boot)
  cgroup=$1 netns=$2
  shift 2
  echo 0 >"$cgroup/cgroup.procs"
  exec nsenter "--net=/run/netns/$netns" \
    unshare --mount --pid --uts --ipc --cgroup --fork --kill-child "$0" root "$@"
  ;;
exec)
  echo 0 >"$1/cgroup.procs"
  pid=$2
  shift 2
  exec nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup --root --wd -- "$@"
  ;;
net)
  echo 0 >"$1/cgroup.procs"
  netns=$2
  shift 2
  exec nsenter "--net=/run/netns/$netns" -- "$@"
  ;;
root) ;;
*)
  echo "unknown stage $stage" >&2
  exit 64
  ;;
esac

dir=$1 tree=$2 name=$3 repository=$4 state=$5
root=$dir/root
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$dir/upper,workdir=$dir/work" "$root"

mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
echo "$name" >"$root/proc/sys/kernel/hostname"
# A new boot has a new boot id. Of the kernel's settings a host may change its network's only: the rest is the machine's.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
cat "$root/proc/sys/kernel/random/uuid" >"$dir/boot_id"
mount --bind "$dir/boot_id" "$root/proc/sys/kernel/random/boot_id"
mount -o remount,bind,ro "$root/proc/sys"
[ ! -e "$root/proc/sysrq-trigger" ] || mount --bind /dev/null "$root/proc/sysrq-trigger"

mount -t sysfs -o nosuid,nodev,noexec,ro sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"

mount -t tmpfs -o mode=755,nosuid,strictatime,size=1m tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5,nosuid,noexec devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/zero" c 1 5
mknod -m 666 "$root/dev/full" c 1 7
mknod -m 666 "$root/dev/random" c 1 8
mknod -m 666 "$root/dev/urandom" c 1 9
mknod -m 666 "$root/dev/tty" c 5 0
ln -s null "$root/dev/console"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mkdir "$root/run/lab"
mount --bind "$dir/share" "$root/run/lab"
if [ "$repository" != - ]; then
  mount --bind "$repository" "$root/opt/dualtone"
  mount -o remount,bind,ro "$root/opt/dualtone"
fi
if [ "$state" != - ]; then
  mount --bind "$state" "$root/var/lib/dualtone"
fi

cd "$root"
pivot_root . mnt
umount -l /mnt
# A host's root must not set the machine's clock, load its modules or reboot it.
exec setpriv --bounding-set=-sys_time,-sys_module,-sys_boot,-sys_rawio \
  env -i container=dualtone-lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
  /lib/systemd/systemd --log-target=console --show-status=no
