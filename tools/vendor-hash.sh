#!/bin/sh
# Tells whether tools/vendor-hash.nix is the digest of the Go modules that are
# built in; --update makes it so. Needs Nix and Go.
#
# usage: vendor-hash.sh [--update]
set -eu
case ${1-} in
    '' | --update) ;;
    *)
        echo "usage: vendor-hash.sh [--update]" >&2
        exit 64
        ;;
esac
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# As Nixpkgs' buildGoModule does it, of the same files: without the tests, fewer
# packages are needed.
source=$(nix-instantiate --eval --read-write-mode --json -E '"${(import ./nixproc.nix {
    pkgs = { buildGoModule = package: package; stdenv = rec { buildPlatform.system = ""; hostPlatform = buildPlatform; }; };
}).src}"' | tr -d '"')
cp -R "$source" "$work/source"
chmod -R u+w "$work/source"
(cd "$work/source" && go mod vendor -o "$work/vendor")
hash=$(nix --extra-experimental-features nix-command hash path --type sha256 --sri "$work/vendor")

if [ "${1-}" = --update ]; then
    sed "s|^\".*|\"$hash\"|" vendor-hash.nix >"$work/vendor-hash.nix"
    cat "$work/vendor-hash.nix" >vendor-hash.nix
elif ! grep -qF "\"$hash\"" vendor-hash.nix; then
    echo "vendor-hash: tools/vendor-hash.nix is out of date: it has to say \"$hash\"" >&2
    echo "vendor-hash: sh tools/vendor-hash.sh --update" >&2
    exit 1
fi
