# Constructor functions for process instances under any process manager.
{ pkgs
, stateDir
, logDir ? "${stateDir}/log"
, runtimeDir ? "${stateDir}/run"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, processManager
, webappMode ? null # "foreground" or "daemon": all web applications that way; null: as the process manager prefers
, ids ? {}
}:

let
  createManagedProcess = import ../../../nixproc/create-managed-process/universal/create-managed-process-universal.nix {
    inherit pkgs runtimeDir stateDir logDir tmpDir forceDisableUserChange processManager ids;
  };

  webappExpr =
    if webappMode == null then ./webapp
    else if webappMode == "foreground" then ./webapp/webapp-fg.nix
    else if webappMode == "daemon" then ./webapp/webapp-daemon.nix
    else throw "webappMode is ${builtins.toJSON webappMode}; it must be null, \"foreground\" or \"daemon\"";
in
{
  webapp = import webappExpr {
    inherit createManagedProcess tmpDir;
  };
}
