#!/bin/sh
# A throw-away Asterisk for the system tests: asterisk.sh TREE CONFIGURATION
# Runs in a mount namespace of its own (unshare --mount), so nothing stays mounted when the process is gone.
set -eu
tree=$1
configuration=$2
mount --make-rprivate /
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o "lowerdir=$tree,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
mount -t proc proc /mnt/root/proc
mount --rbind /dev /mnt/root/dev
mkdir -p /mnt/root/run/asterisk
cp "$configuration"/*.conf /mnt/root/etc/asterisk/
exec chroot /mnt/root /usr/sbin/asterisk -f -C /etc/asterisk/asterisk.conf
