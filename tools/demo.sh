#!/bin/sh
# Deploys examples/webapps-agnostic as the user who runs this, with everything
# (Nix store, state, profile) in one folder, and takes it down again.
#
# usage: demo.sh start|stop
set -eu
cd "$(dirname "$0")/.."
repository=$(pwd)

# The path of the Nix store gets into the first lines of scripts, so it must be
# short and without spaces, wherever this checkout is.
folder=${NIXPROC_DEMO_DIR:-/tmp/nixproc-demo-$(id -u)}

if [ -e "$folder" ] && ! [ -O "$folder" ]; then
    echo "demo: $folder belongs to somebody else: set NIXPROC_DEMO_DIR to another folder" >&2
    exit 1
fi

export HOME="$folder/home" XDG_CACHE_HOME="$folder/home/cache"
export NIX_STORE_DIR="$folder/nix/store" NIX_STATE_DIR="$folder/nix/var" NIX_LOG_DIR="$folder/nix/log" NIX_CONF_DIR="$folder/nix/etc"
unset NIX_REMOTE NIX_PATH NIX_USER_PROFILE_DIR NIXPROC || :

nixproc() {
    "$repository/bin/nixproc" "$@"
}

# switch OPTION…: what a user would type, with the folder for all state.
switch() {
    nixproc sysvinit-switch --state-dir "$folder/var" --force-disable-user-change "$@"
}

start() {
    (umask 077 && mkdir -p "$folder")
    mkdir -p "$NIX_CONF_DIR" "$HOME"
    printf 'build-users-group =\nsandbox = false\n' >"$NIX_CONF_DIR/nix.conf"

    switch --host-packages examples/webapps-agnostic/processes.nix

    echo
    echo "These processes run now:"
    nixproc status
    echo
    echo "What the web server says of webapp.local (curl -H 'Host: webapp.local' localhost:8080):"
    curl -fsS --retry 5 --retry-connrefused --max-time 10 -H 'Host: webapp.local' localhost:8080
    echo
    echo "Everything is in $folder. To stop it and remove that folder: make demo-stop"
}

stop() {
    if ! [ -e "$folder" ]; then
        echo "demo: nothing to stop: there is no $folder"
        return
    fi
    switch --undeploy
    # What Nix builds is read-only.
    chmod -R u+w "$folder"
    rm -rf "$folder"
    echo "The demo is stopped, and $folder is removed."
}

case ${1-} in
    start) start ;;
    stop) stop ;;
    *)
        echo "usage: demo.sh start|stop" >&2
        exit 64
        ;;
esac
