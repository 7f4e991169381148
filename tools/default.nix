# The commands as packages, under the attribute names that they always had:
#
#   nix-env -f tools/default.nix -iA common sysvinit
#
# Each is a set of links to one program, nixproc.

{ system ? builtins.currentSystem
, pkgs ? import <nixpkgs> { inherit system; }
}:

let
  nixproc = import ./nixproc.nix { inherit pkgs; };
  commands = directory: import directory { inherit (pkgs) stdenv; inherit nixproc; };
in
{
  inherit nixproc;
  chainload-user = import ./chainload-user { inherit pkgs; inherit (pkgs) stdenv; };
  bsdrc = commands ./bsdrc;
  common = commands ./common;
  cygrunsrv = commands ./cygrunsrv;
  disnix = commands ./disnix;
  docker = commands ./docker;
  dysnomia-module = import ./dysnomia-module { inherit pkgs nixproc; inherit (pkgs) stdenv; };
  generate-config = commands ./generate-config;
  idassign = commands ./idassign;
  launchd = commands ./launchd;
  s6-rc = commands ./s6-rc;
  supervisord = commands ./supervisord;
  systemd = commands ./systemd;
  sysvinit = commands ./sysvinit;
}
