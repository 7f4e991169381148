# Creates a System V init script. The README of this directory lists what each
# argument means; the script itself is rendered by the command.

{ stdenv
, lib
, writeTextFile
, daemon
, initFunctions
, createCredentials
, runtimeDir ? "/var/run"
, logDir ? "/var/log"
, tmpDir ? "/tmp"
, forceDisableUserChange ? false
, supportedRunlevels ? [ 0 1 2 3 4 5 6 ]
, minSequence ? 0
, maxSequence ? 99
  # Shell that the scripts are built of; null stands for the usual command.
, initialInstructions ? null
, startDaemon ? null
, startProcessAsDaemon ? "${daemon}/bin/daemon"
, stopDaemon ? null
, reloadDaemon ? null
, evaluateCommand ? null
, statusCommand ? null
, restartActivity ? null
, nixprocBinary ? import ../../binary.nix { }
}:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };

  settings = import ../../process/settings.nix {
    inherit initialInstructions startDaemon stopDaemon reloadDaemon evaluateCommand statusCommand restartActivity;
    inherit minSequence maxSequence;
    supportedRunlevels = map toString supportedRunlevels;
    startProcessAsDaemon = toString startProcessAsDaemon;
    initFunctions = toString initFunctions;
    shell = toString stdenv.shell;
    runtimeDir = toString runtimeDir;
    logDir = toString logDir;
    tmpDir = toString tmpDir;
    inherit forceDisableUserChange;
  };
in

{ name ? instanceName
, instanceName ? null
, description ? name
, globalInstructions ? ""
, umask ? null
, nice ? null
, directory ? null
, path ? [ ]
, environment ? { }
, initialize ? ""
, process ? null
, processIsDaemon ? true
, enableDaemonOutputLogging ? true
, args ? [ ]
, pidFile ? null
, user ? null
, reloadSignal ? "-HUP"
, instructions ? { }
, activities ? { }
, removeActivities ? [ ]
, runlevels ? [ ]
, defaultStart ? [ ]
, defaultStop ? [ ]
, dependencies ? [ ]
, credentials ? { }
, postInstall ? ""
}:

if name == null then throw "No process name was specified or can be inferred!"
else

let
  data = import ../../process/data.nix name;

  packages = map (dependency: dependency.pkg or dependency) dependencies;

  largest = builtins.foldl' (a: b: if a > b then a else b) 0;
in
createPackage {
  manager = "sysvinit";
  inherit name dependencies postInstall settings;
  floor = minSequence;

  credentials = if credentials == { } then null else createCredentials (data.anySet "credentials" credentials);

  attributes = {
    sequence =
      if dependencies == [ ] then minSequence
      else largest (map (package: package.sequence or minSequence) packages) + 1;
  };

  parameters = {
    inherit processIsDaemon enableDaemonOutputLogging;
    instanceName = data.optional "instanceName" instanceName;
    description = data.text "description" description;
    globalInstructions = data.text "globalInstructions" globalInstructions;
    umask = data.optional "umask" umask;
    nice = data.optional "nice" nice;
    directory = data.optional "directory" directory;
    path = data.list "path" path;
    environment = data.set "environment" environment;
    initialize = data.text "initialize" initialize;
    process = data.optional "process" process;
    args = data.list "args" args;
    pidFile = data.optional "pidFile" pidFile;
    user = data.optional "user" user;
    reloadSignal = data.text "reloadSignal" reloadSignal;
    instructions = builtins.mapAttrs
      (activity: given: {
        activity = data.text "instructions.${activity}.activity" ((data.anySet "instructions.${activity}" given).activity or activity);
        instruction = data.text "instructions.${activity}.instruction" (given.instruction or (throw "process '${name}': attribute 'instructions.${activity}' has no 'instruction', which says what to run"));
      })
      instructions;
    activities = data.set "activities" activities;
    removeActivities = data.list "removeActivities" removeActivities;
    runlevels = data.list "runlevels" runlevels;
    defaultStart = data.list "defaultStart" defaultStart;
    defaultStop = data.list "defaultStop" defaultStop;
  };
}
