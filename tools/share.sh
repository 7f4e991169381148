#!/bin/sh
# Writes the manual pages of nixproc, and what shells need to complete it, where
# they look below a directory as /usr/share.
#
# usage: share.sh PROGRAM DIR
set -eu

mkdir -p "$2/bash-completion/completions" "$2/zsh/site-functions" "$2/fish/vendor_completions.d"
"$1" man "$2/man/man1"
"$1" completion bash >"$2/bash-completion/completions/nixproc"
"$1" completion zsh >"$2/zsh/site-functions/_nixproc"
"$1" completion fish >"$2/fish/vendor_completions.d/nixproc.fish"
