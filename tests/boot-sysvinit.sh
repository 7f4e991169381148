#!/bin/sh
# usage: boot-sysvinit.sh DIR ROOT PROFILE [MOUNT]...
# Boots System V init, from the tree ROOT that fetch-sysvinit.sh made, as PID 1
# of private namespaces, in runlevel BOOT_RUNLEVEL or 2. Its init scripts are
# those of the deployed PROFILE and of DIR/init.d (with DIR/rcN.d). It sees the
# host's files, and can change only those below the MOUNTs; /tmp is its own. It
# ends, with everything in it, when its standard input does.
set -e
[ $# -ge 3 ] || { sed -n 2p "$0" | cut -c3- >&2; exit 64; }
mkdir -p "$1/machine"
export BOOT_DIR="$1" BOOT_ROOT="$2" BOOT_PROFILE="$3"
shift 3

# The machine dies with the one that waits for the end of input.
unshare --mount --uts --ipc --pid --fork --kill-child --propagation private -- sh -ec '
machine=$BOOT_DIR/machine
# On overlayfs a colon or a comma in a path would be a separator, so it works
# below a path without any.
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work
cp -a "$BOOT_ROOT/." /mnt/upper/
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work "$machine"

cd "$machine"
rm -rf etc/init.d etc/rc?.d
mkdir etc/init.d
for level in 0 1 2 3 4 5 6 S; do mkdir "etc/rc$level.d"; done
for scripts in "$BOOT_PROFILE/etc/rc.d" "$BOOT_DIR"; do
	for part in init.d rc0.d rc1.d rc2.d rc3.d rc4.d rc5.d rc6.d; do
		[ ! -d "$scripts/$part" ] || cp -a "$scripts/$part/." "etc/$part/"
	done
done
cat >etc/inittab <<end
id:${BOOT_RUNLEVEL:-2}:initdefault:
l0:0:wait:/lib/init/rc 0
l2:2:wait:/lib/init/rc 2
l3:3:wait:/lib/init/rc 3
l6:6:wait:/lib/init/rc 6
end

mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
for dir in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs "$dir"; done
chmod 1777 tmp
for node in null zero full random urandom tty; do
	: >"dev/$node"
	mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /dev/null dev/console
for path; do
	mkdir -p ".$path"
	mount --bind "$path" ".$path"
done
hostname sysvinit
mkdir -p old
pivot_root . old
umount -l old
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init </dev/null
' sh "$@" </dev/null &
machine=$!
trap 'kill -KILL "$machine" 2>/dev/null || :' EXIT
trap 'exit 1' HUP INT TERM
echo "$machine"
cat >/dev/null
