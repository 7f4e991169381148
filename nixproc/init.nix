# The path of nixproc-init, the first process of a container under sysvinit or
# disnix.
#
# The command passes the store path of the one beside it in NIXPROC_INIT. Where no
# command of ours is involved, it is built from this tree.

{ pkgs ? import <nixpkgs> { } }:

let
  path = builtins.getEnv "NIXPROC_INIT";
in
if path != "" then builtins.storePath path
else if builtins.pathExists ../tools/init then "${(import ../tools { inherit pkgs; }).init}/bin/nixproc-init"
else throw "nixproc-init, the first process of such an image, is not installed beside nixproc: go install ./cmd/nixproc-init puts it there"
