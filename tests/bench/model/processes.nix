# A model of any size for the benchmark: each process has a user, credentials,
# two variables, and up to two dependencies in a graph that is eight deep.
{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, processManager
  # Checkout of the framework that is measured.
, framework
  # How many processes.
, count
  # A part of each process: models of different rounds share nothing but the program.
, round ? 0
  # A part of one process, in the middle.
, changed ? 0
}:

let
  depth = 8;

  idle = pkgs.stdenv.mkDerivation {
    name = "idle";
    source = builtins.path { path = ./idle.c; name = "idle.c"; };
    buildCommand = ''
      mkdir -p $out/bin
      cc -O2 -o $out/bin/idle $source
    '';
  };

  createManagedProcess = import "${toString framework}/nixproc/create-managed-process/universal/create-managed-process-universal.nix" {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager;
  };

  nameOf = index: "idle${toString index}";

  # One of the level below, and one of the level below in the group before.
  dependenciesOf = index:
    if index - index / depth * depth == 0 then [ ]
    else map (other: processes.${nameOf other}.pkg)
      (builtins.filter (other: other >= 0) [ (index - 1) (index - 1 - depth) ]);

  process = index:
    let instanceName = nameOf index; in
    {
      pkg = createManagedProcess {
        inherit instanceName;
        description = "Idle process ${toString index}";
        daemon = "${idle}/bin/idle";
        foregroundProcess = "${idle}/bin/idle";
        foregroundProcessExtraArgs = [ "stay" ];
        user = instanceName;
        credentials = {
          groups.${instanceName} = { };
          users.${instanceName} = {
            group = instanceName;
            description = "User of ${instanceName}";
          };
        };
        environment = {
          PID_FILE = "${tmpDir}/${instanceName}.pid";
          ROUND = "${toString round}.${toString (if index == count / 2 then changed else 0)}";
        };
        dependencies = dependenciesOf index;
        overrides.sysvinit.runlevels = [ 3 4 5 ];
      };
    };

  processes = builtins.listToAttrs (builtins.genList
    (index: { name = nameOf index; value = process index; })
    count);
in
processes
