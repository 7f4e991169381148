# Translates the arguments of createManagedProcess into those of
# createSystemVInitScript. A daemon is preferred; a process that can only run in
# the foreground is daemonised by the script.

{ createSystemVInitScript, lib }:

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
  processIsDaemon = daemon != null;

  generated = {
    inherit name description path environment directory umask nice dependencies credentials;
    inherit instanceName initialize user postInstall processIsDaemon;
    process = if processIsDaemon then daemon else foregroundProcess;
    args = if processIsDaemon then daemonArgs else foregroundProcessArgs;
  } // (if pidFile == null then { } else { inherit pidFile; });
in
createSystemVInitScript (
  if builtins.isFunction overrides then overrides generated
  else if overrides == { } then generated
  else lib.recursiveUpdate generated overrides
)
