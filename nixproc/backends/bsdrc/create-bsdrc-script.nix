# Creates a script for FreeBSD's rc.subr(8). The README of this directory lists
# what each argument means; the script itself is rendered by the command.

{ stdenv
, lib
, writeTextFile
, createCredentials
, rcSubr ? "/etc/rc.subr"
  # Commands that rc.subr knows by itself.
, builtinCommands ? [ "start" "stop" "reload" "restart" "status" "poll" "rcvar" ]
  # What rc.subr sends when it is not told which signal.
, defaultReloadSignal ? "HUP"
, defaultStopSignal ? "TERM"
, runtimeDir ? "/var/run"
, logDir ? "/var/log"
, tmpDir ? "/tmp"
, forceDisableUserChange ? false
, nixprocBinary ? import ../../binary.nix { }
}:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };
  shellText = import ../util/shell-text.nix { inherit stdenv; };
  quote = import ./quote.nix;

  settings = import ../../process/settings.nix {
    rcSubr = toString rcSubr;
    shell = toString stdenv.shell;
    inherit builtinCommands defaultReloadSignal defaultStopSignal;
  };
in

{ name ? instanceName
, rcvar ? "enabled"
, rcvarsDefaults ? { }
, command ? null
, commandArgs ? [ ]
, commandIsDaemon ? true
, enableDaemonOutputLogging ? true
  # How ps(1) shows the process, if not as the command.
, procname ? command
, reloadSignal ? "HUP"
, stopSignal ? "TERM"
, environment ? { }
, path ? [ ]
, instanceName ? null
, pidFile ? null
, nice ? null
, umask ? null
, directory ? null
, user ? null
, fib ? null
, limits ? null
, loginClass ? null
, oomProtect ? null
, requiredFiles ? [ ]
, requiredDirs ? [ ]
, requiredVars ? [ ]
, requiredModules ? [ ]
, commands ? { }
, flexibleParameters ? false
, requires ? [ ]
, provides ? [ name ]
, keywords ? [ ]
, dependencies ? [ ]
, credentials ? { }
, postInstall ? ""
}:

if name == null then throw "No process name was specified or can be inferred!"
else if command == null && !(commands ? start && commands ? stop)
then throw "process '${name}': without a 'command' it needs 'commands.start' and 'commands.stop'"
else

let
  data = import ../../process/data.nix name;

  actualUser = if forceDisableUserChange then null else data.optional "user" user;

  # It does not depend on whether changing the user is disabled, so that a
  # process finds its own files by the path that its author gave.
  pidFilesDir = if user == null then runtimeDir else tmpDir;

  actualPIDFile =
    if pidFile != null then data.text "pidFile" pidFile
    else if instanceName != null then "${toString pidFilesDir}/${instanceName}.pid"
    else if command == null || commandIsDaemon then null
    else "${toString pidFilesDir}/${name}.pid";

  # Daemons of older expressions, which were found by their names, may have it
  # elsewhere where no user is changed.
  otherPIDFile =
    if forceDisableUserChange && user == null && pidFile == null && instanceName != null
      && command != null && commandIsDaemon && toString tmpDir != toString runtimeDir
    then "${toString tmpDir}/${instanceName}.pid" else null;

  logFile =
    if command == null || commandIsDaemon || !enableDaemonOutputLogging then null
    else "${toString (if actualUser == null then logDir else tmpDir)}/nixproc-${if instanceName == null then name else instanceName}.log";

  program = data.text "command" command;
  arguments = data.list "commandArgs" commandArgs;
  variables = data.set "environment" environment;
  hidden = lib.filterAttrs (variable: _: quote.isTaken variable) variables;

  words =
    if command == null then [ ]
    else
      (if commandIsDaemon then [ ] else
      [ "/usr/sbin/daemon" "-p" actualPIDFile ] ++ lib.optionals (logFile != null) [ "-o" logFile ])
      ++ [ program ] ++ arguments;

  # A command that can't go through rc.subr is a file of its own.
  launcher =
    if words == [ ] || hidden == { } && builtins.all quote.isPlain words then null
    else
      "${shellText "launcher" (
        builtins.concatStringsSep "" (lib.mapAttrsToList (variable: value: "export ${variable}=${quote.word value}\n") hidden)
        + "exec ${quote.words words}")}";
in
createPackage {
  manager = "bsdrc";
  inherit name dependencies postInstall settings;

  credentials = if credentials == { } then null else createCredentials (data.anySet "credentials" credentials);

  parameters = {
    inherit words launcher commandIsDaemon flexibleParameters logFile;
    pidFile = actualPIDFile;
    ${if otherPIDFile == null then null else "otherPidFile"} = otherPIDFile;
    user = actualUser;
    program = data.optional "command" command;
    procname = data.optional "procname" procname;
    rcvar = data.optional "rcvar" rcvar;
    rcvarsDefaults = data.set "rcvarsDefaults" rcvarsDefaults;
    reloadSignal = data.text "reloadSignal" reloadSignal;
    stopSignal = data.text "stopSignal" stopSignal;
    environment = removeAttrs variables (builtins.attrNames hidden);
    hiddenEnvironment = hidden;
    path = data.list "path" path;
    nice = data.optional "nice" nice;
    umask = data.optional "umask" umask;
    directory = data.optional "directory" directory;
    fib = data.optional "fib" fib;
    # Only root may.
    limits = if forceDisableUserChange then null else data.optional "limits" limits;
    loginClass = data.optional "loginClass" loginClass;
    oomProtect = data.optional "oomProtect" oomProtect;
    requiredFiles = data.list "requiredFiles" requiredFiles;
    requiredDirs = data.list "requiredDirs" requiredDirs;
    requiredVars = data.list "requiredVars" requiredVars;
    requiredModules = data.list "requiredModules" requiredModules;
    commands = builtins.mapAttrs (command: data.set "commands.${command}") commands;
    requires = data.list "requires" requires;
    provides = data.list "provides" provides;
    keywords = data.list "keywords" keywords;
  };
}
