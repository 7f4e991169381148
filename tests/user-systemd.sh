#!/bin/sh
# usage: user-systemd.sh RUNTIMEDIR CONFIGDIR UID
# Runs a systemd of a user's own, without D-Bus and logind, which reads units
# from CONFIGDIR/systemd/user and is asked with XDG_RUNTIME_DIR=RUNTIMEDIR
# systemctl --user. It sees the host's files and processes, but has a /run and
# control groups of its own. It ends, with everything in it, when its standard
# input does.
set -e
[ $# -eq 3 ] || { sed -n 2p "$0" | cut -c3- >&2; exit 64; }
export RUNTIME="$1" CONFIG="$2" OWNER="$3"
# Its control group is known by the directory below /tmp, where that is.
group=${1#/tmp/}
export GROUP="nixproc${group%%/*}-user-$$"

unshare --mount --propagation private -- sh -ec '
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/system
mount -t cgroup2 cgroup2 /mnt
mkdir "/mnt/$GROUP"
echo $$ >"/mnt/$GROUP/cgroup.procs"
chown -R "$OWNER" "/mnt/$GROUP"
umount /mnt
exec unshare --mount --cgroup --propagation private -- sh -ec "
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec setpriv --reuid \"\$OWNER\" --regid \"\$OWNER\" --clear-groups \\
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent \"XDG_RUNTIME_DIR=\$RUNTIME\" \"XDG_CONFIG_HOME=\$CONFIG\" \
	\"XDG_DATA_HOME=\$CONFIG/data\" /lib/systemd/systemd --user --log-target=console --unit=default.target"
' </dev/null &
manager=$!
end() {
	# What is in the group dies with it.
	unshare --mount --propagation private -- sh -c '
		mount -t cgroup2 cgroup2 /mnt
		cd /mnt
		echo 1 >"$GROUP/cgroup.kill"
		for i in 1 2 3 4 5 6 7 8 9 10; do
			find "$GROUP" -depth -type d -exec rmdir {} + 2>/dev/null && break
			sleep 0.3
		done' || :
	kill -KILL "$manager" 2>/dev/null || :
}
trap end EXIT
trap 'exit 1' HUP INT TERM
echo "$manager"
cat >/dev/null
