#!/bin/sh
# Installs nixproc below a directory as /usr/local, with the old names of its
# commands, manual pages, and what shells need to complete it.
#
# usage: install.sh PROGRAM PREFIX
set -eu
tools=$(dirname "$0")

mkdir -p "$2/bin"
install -m 755 "$1" "$2/bin/nixproc"
install -m 755 "$(dirname "$1")/nixproc-init" "$2/bin/nixproc-init"
sh "$tools/share.sh" "$1" "$2/share"
cat "$tools"/*/commands | while read -r command; do
    ln -sf nixproc "$2/bin/$command"
    # bash and fish look for what completes a command by its name.
    ln -sf nixproc "$2/share/bash-completion/completions/$command"
    ln -sf nixproc.fish "$2/share/fish/vendor_completions.d/$command.fish"
done
