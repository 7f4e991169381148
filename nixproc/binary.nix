# The path of the nixproc executable, which builds packages and profiles.
#
# The command passes its own store path in NIXPROC_BUILDER. Where no command of
# ours is involved (nix-build, Disnix), the binary is built from this tree.

{ pkgs ? import <nixpkgs> { } }:

let
  path = builtins.getEnv "NIXPROC_BUILDER";
in
if path == "" then "${(import ../tools { inherit pkgs; }).nixproc}/bin/nixproc"
else builtins.storePath path
