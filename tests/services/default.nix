# All suites, for each manager and each profile: SUITE.PROFILE.MANAGER is a test
# in a virtual machine of NixOS.
#
#   nix-build -A postgresql.unprivileged.systemd
#
# `nixproc test` runs the same suites without one.
{ nixpkgs ? <nixpkgs>
, system ? builtins.currentSystem
, processManagers ? [ "supervisord" "sysvinit" "systemd" "disnix" "s6-rc" ]
, profiles ? [ "privileged" "unprivileged" ]
}:

let
  pkgs = import nixpkgs { inherit system; };

  testService = import ../../nixproc/test-driver/universal.nix {
    inherit nixpkgs system;
  };

  suite = directory: import directory {
    inherit pkgs testService processManagers profiles;
  };
in
{
  apache = suite ./apache;
  docker = suite ./docker;
  nginx-reverse-proxy-hostbased = suite ./nginx-reverse-proxy-hostbased;
  postgresql = suite ./postgresql;
  redis = suite ./redis;
  s6-svscan = suite ./s6-svscan;
  sshd = suite ./sshd;
  supervisord = suite ./supervisord;
}
