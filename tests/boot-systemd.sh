#!/bin/sh
# usage: boot-systemd.sh DIR [MOUNT]...
# Boots systemd as PID 1 of private namespaces. Its units are those in DIR/units,
# which keeps what is written there, and what the host's packages brought as
# units, not as init scripts. It sees the host's files, and can change only those
# below the MOUNTs; /tmp is its own. It ends, with everything in it, when its
# standard input does.
set -e
[ $# -ge 1 ] || { sed -n 2p "$0" | cut -c3- >&2; exit 64; }
mkdir -p "$1/machine" "$1/units"
export BOOT_DIR="$1"
# Its control group is known by the directory below /tmp, where that is.
group=${1#/tmp/}
export GROUP="nixproc${group%%/*}-boot-$$"
shift

unshare --mount --propagation private -- sh -ec '
mount -t cgroup2 cgroup2 /mnt
mkdir "/mnt/$GROUP"
echo $$ >"/mnt/$GROUP/cgroup.procs"
umount /mnt
exec unshare --mount --uts --ipc --cgroup --pid --fork --kill-child --propagation private -- sh -ec "$0" "$@"
' '
machine=$BOOT_DIR/machine
# On overlayfs a colon or a comma in a path would be a separator, so it works
# below a path without any.
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work "$machine"
cd "$machine"
rm -rf etc/systemd/system etc/rc[0-6S].d
mkdir etc/systemd/system
mount --bind "$BOOT_DIR/units" etc/systemd/system
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for dir in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs "$dir"; done
chmod 1777 tmp
for node in null zero full random urandom tty; do
	: >"dev/$node"
	mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
# What would reach the host, or waits for devices.
mkdir -p run/systemd/system
for unit in systemd-modules-load.service systemd-sysctl.service systemd-remount-fs.service sys-kernel-debug.mount \
	sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount dev-hugepages.mount dev-mqueue.mount \
	systemd-journald-audit.socket getty.target systemd-logind.service systemd-user-sessions.service; do
	ln -s /dev/null "run/systemd/system/$unit"
done
: >etc/fstab
rm -f etc/machine-id
: >etc/machine-id
for path; do
	mkdir -p ".$path"
	mount --bind "$path" ".$path"
done
hostname systemd
mkdir -p old
pivot_root . old
umount -l old
exec env -i container=nixproc PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=multi-user.target --show-status=no </dev/null
' sh "$@" </dev/null &
machine=$!
end() {
	kill -KILL "$machine" 2>/dev/null || :
	wait "$machine" 2>/dev/null || :
	unshare --mount --propagation private -- sh -c '
		mount -t cgroup2 cgroup2 /mnt
		cd /mnt
		for i in 1 2 3 4 5 6 7 8 9 10; do
			find "$GROUP" -depth -type d -exec rmdir {} + 2>/dev/null && break
			sleep 0.3
		done' || :
}
trap end EXIT
trap 'exit 1' HUP INT TERM
echo "$machine"
cat >/dev/null
