# Dysnomia's module "nixproc-process", by which the processes of a network are
# deployed by nixproc: name its libexec/dysnomia in DYSNOMIA_MODULES_PATH.

{ stdenv
, pkgs ? import <nixpkgs> { inherit (stdenv.hostPlatform) system; }
, nixproc ? import ../nixproc.nix { inherit pkgs; }
}:

stdenv.mkDerivation {
  name = "nixproc-dysnomia-module";
  inherit nixproc;
  utilLinux = pkgs.util-linux or pkgs.utillinux;
  module = builtins.path { path = ./nixproc-process; name = "nixproc-process"; };
  buildCommand = ''
    mkdir -p $out/libexec/dysnomia
    sed "s|^nixproc=.*|nixproc=$nixproc/bin/nixproc|; s|^flock=.*|flock=$utilLinux/bin/flock|" $module >$out/libexec/dysnomia/nixproc-process
    chmod 755 $out/libexec/dysnomia/nixproc-process
  '';
}
