# Translates the arguments of createManagedProcess into those of
# createSystemdService. The foreground is preferred; a process that can only run
# as a daemon is one that forks.

{ createSystemdService, stdenv, lib, writeTextFile }:

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
  quote = import ./quote.nix;

  data = import ../../process/data.nix name;

  # A path or a name in a property of its own.
  property = attribute: value:
    let text = data.text attribute value; in
    if builtins.match "[^\n]*" text == null
    then throw "process '${name}': ${attribute} has a line break in it, which a systemd unit can't hold there"
    else quote.line text;

  inForeground = foregroundProcess != null;

  command = attribute: process: args:
    let program = data.text attribute process; in
    if builtins.match "[^\"'\\\n\t\r]*" program == null
    then throw "process '${name}': ${attribute} is ${builtins.toJSON program}: systemd runs no program with a quote, a backslash or a control character in its path"
    else quote.command "" program (data.list "${attribute}Args" args);

  given = value: set: if value == null then { } else set;

  generated = {
    inherit name path environment dependencies credentials postInstall;

    Unit.Description = quote.line (data.text "description" description);

    Service =
      (
        if inForeground then {
          ExecStart = command "foregroundProcess" foregroundProcess foregroundProcessArgs;
          Type = "simple";
        }
        else if daemon != null then {
          ExecStart = command "daemon" daemon daemonArgs;
          Type = "forking";
        }
        else { }
      )
      // (if initialize == "" then { } else {
        ExecStartPre = quote.command (if user == null then "" else "+") (toString stdenv.shell)
          [ "-e" "-c" (data.text "initialize" initialize) ];
      })
      // given directory { WorkingDirectory = property "directory" directory; }
      // given umask { UMask = property "umask" umask; }
      // given nice { Nice = nice; }
      // (if inForeground || pidFile == null then { } else { PIDFile = property "pidFile" pidFile; })
      // given user { User = property "user" user; };
  };
in
createSystemdService (
  if builtins.isFunction overrides then overrides generated
  else if overrides == { } then generated
  else lib.recursiveUpdate generated overrides
)
