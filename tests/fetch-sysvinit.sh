#!/bin/sh
# usage: fetch-sysvinit.sh DIR
# Downloads Debian's System V init and unpacks it into DIR, for boot-sysvinit.sh.
# It is not installed: it would take the place of the machine's own init.
# NIXPROC_SYSVINIT_ROOT=DIR then lets the tests find it.
set -e
[ $# -eq 1 ] || { sed -n 2p "$0" | cut -c3- >&2; exit 64; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
[ ! -x "$dir/usr/sbin/init" ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/packages" "$work/root"
cd "$work/packages"
apt-get -q -o APT::Sandbox::User=root download sysvinit-core sysv-rc initscripts startpar
for package in *.deb; do
	dpkg -x "$package" "$work/root"
done
# As on a host whose /bin, /sbin and /lib are links into /usr.
for part in bin sbin lib; do
	[ -d "$work/root/$part" ] || continue
	mkdir -p "$work/root/usr/$part"
	cp -a "$work/root/$part/." "$work/root/usr/$part/"
	rm -r "${work:?}/root/$part"
done
[ -x "$work/root/usr/sbin/init" ] && [ -x "$work/root/usr/lib/init/rc" ] || {
	echo "fetch-sysvinit.sh: the packages hold no init: they are other ones than expected" >&2
	exit 1
}
# What is there is complete: init comes last.
mv "$work/root/usr/sbin/init" "$work/init"
cp -a "$work/root/." "$dir/"
mv "$work/init" "$dir/usr/sbin/init"
