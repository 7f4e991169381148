# A model for many machines: groups of ten processes, each of which depends on the
# one before.
{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, tmpDir ? "/tmp"
, forceDisableUserChange ? false
, processManager
, framework
, count
}:

let
  createManagedProcess = import "${toString framework}/create-managed-process/universal/create-managed-process-universal.nix" {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager;
  };

  nameOf = index: "process${toString index}";

  processes = builtins.listToAttrs (builtins.genList (index: { name = nameOf index; value = process index; }) count);

  process = index: {
    pkg = createManagedProcess {
      instanceName = nameOf index;
      foregroundProcess = "/bin/sleep";
      args = [ index ];
      dependencies = if index - index / 10 * 10 == 0 then [ ] else [ processes.${nameOf (index - 1)}.pkg ];
    };
  };
in
processes
