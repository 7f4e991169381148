# The processes of this container. When it has changed, `nixproc switch`, or the
# process manager's own command, deploys it.
{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, cacheDir ? "${stateDir}/cache"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, processManager
}:

let
  createManagedProcess = import <nix-processmgmt/nixproc/create-managed-process/universal/create-managed-process-universal.nix> {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager;
  };
in
{
  # hello.pkg = createManagedProcess {
  #   name = "hello";
  #   foregroundProcess = "${pkgs.coreutils}/bin/sleep";
  #   foregroundProcessArgs = [ "infinity" ];
  #   overrides.sysvinit.runlevels = [ 3 4 5 ];
  # };
}
