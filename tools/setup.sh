#!/bin/sh
# Installs what is missing for the demo or for the tests, on Debian and its kin.
#
# usage: setup.sh demo|test
set -eu

# Each line: a program, and the package that has it.
demo='nix-instantiate nix-bin
nginx nginx-light
daemon daemon
cc gcc
curl curl'
test="$demo
getopt util-linux
strace strace
python3 python3
systemctl systemd
supervisord supervisor
s6-svscan s6
execlineb execline
dockerd docker.io
podman podman
pg_ctlcluster postgresql
runc runc
bash bash
patchelf patchelf
busybox busybox-static
sqlite3 sqlite3
mandoc mandoc"

# find PROGRAM: like command -v, also in directories that only root has on PATH.
find() {
    PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null
}

case ${1-} in
    demo) wanted=$demo ;;
    test) wanted=$test ;;
    *)
        echo "usage: setup.sh demo|test" >&2
        exit 64
        ;;
esac

if ! find go; then
    echo "setup: Go is not installed; get it from https://go.dev/dl or your distribution" >&2
    exit 1
fi

packages=$(echo "$wanted" | while read -r program package; do
    find "$program" || printf '%s ' "$package"
done)

# fetch_sysvinit: what the test that boots a machine with System V init needs;
# without it that test says that it is skipped.
fetch_sysvinit() {
    [ "$1" = test ] || return 0
    sh "$(dirname "$0")/../tests/fetch-sysvinit.sh" "$(dirname "$0")/../tests/.sysvinit" >&2 ||
        echo "setup: System V init can't be had: the test that boots with it will be skipped" >&2
}

if [ -z "$packages" ]; then
    fetch_sysvinit "$1"
    exit 0
fi

as_root=
if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    if ! find sudo; then
        echo "setup: missing: $packages" >&2
        echo "setup: install them as root: apt-get install $packages" >&2
        exit 1
    fi
fi
if ! find apt-get; then
    echo "setup: missing: $packages (the names of Debian's packages)" >&2
    exit 1
fi
echo "setup: installing $packages" >&2
# Of what is installed, only the programs are wanted: no service of the machine
# is to start, which is what a policy of 101 says (invoke-rc.d(8)).
install='
set -e
policy=/usr/sbin/policy-rc.d
if ! [ -e "$policy" ]; then
    trap "rm -f $policy" EXIT
    trap "exit 1" HUP INT TERM
    printf "#!/bin/sh\nexit 101\n" >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends "$@"
'
# shellcheck disable=SC2086 # a list of words
$as_root sh -c "$install" sh $packages >&2
fetch_sysvinit "$1"
