# Two instances of s6-svscan, each of which takes up a service that is put into its
# directory, starts it again when it ends, and lets go of it.
{ pkgs, testService, processManagers, profiles }:

let
  executeCommand = import ../../../nixproc/test-driver/util/execute-command.nix { inherit (pkgs) lib; };
in
testService {
  name = "s6-svscan";
  exprFile = ./processes.nix;
  systemPackages = [ pkgs.s6 ];

  readiness = { instance, runtimeDir, ... }: ''
    machine.wait_for_file("${runtimeDir}/service${instance.instanceSuffix}/.s6-svscan/control")
  '';

  tests = { instanceName, instance, runtimeDir, forceDisableUserChange, ... }:
    let
      scanDir = "${runtimeDir}/service${instance.instanceSuffix}";
      service = "${runtimeDir}/sleeper-of-${instanceName}";
      does = command: "machine.succeed(${builtins.toJSON (executeCommand { inherit forceDisableUserChange command; })})\n";
    in
    pkgs.lib.concatMapStrings does [
      "mkdir -p ${service}"
      "printf '#!/bin/sh\\nexec sleep 1000\\n' > ${service}/run; chmod 755 ${service}/run"
      "s6-svlink -t 10000 ${scanDir} ${service}"
      "s6-svc -wr -T 10000 -r ${service}"
      "s6-svstat ${service} | grep '^up'"
      "s6-svunlink -t 10000 ${scanDir} sleeper-of-${instanceName}"
    ];

  inherit processManagers profiles;
}
