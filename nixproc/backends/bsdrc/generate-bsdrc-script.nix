# Translates the arguments of createManagedProcess into those of
# createBSDRCScript. A daemon is preferred; a process that can only run in the
# foreground is daemonised by daemon(8).

{ createBSDRCScript, lib }:

{ name
, description
, initialize
, daemon
, daemonArgs
, instanceName
, pidFile
, foregroundProcess
, foregroundProcessArgs
, path
, environment
, directory
, umask
, nice
, user
, dependencies
, credentials
, overrides
, postInstall
}:

let
  commandIsDaemon = daemon != null;

  generated = {
    inherit name environment path directory nice umask dependencies;
    inherit user instanceName credentials postInstall commandIsDaemon;
    command = if commandIsDaemon then daemon else foregroundProcess;
    commandArgs = if commandIsDaemon then daemonArgs else foregroundProcessArgs;
  } // lib.optionalAttrs (pidFile != null) { inherit pidFile; }
  // lib.optionalAttrs (initialize != "") { commands.start.pre = initialize; };
in
createBSDRCScript (
  if builtins.isFunction overrides then overrides generated
  else if overrides == { } then generated
  else lib.recursiveUpdate generated overrides
)
