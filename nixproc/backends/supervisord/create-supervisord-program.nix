# Creates the configuration of a supervisord program. What it does not know is
# a setting of supervisord, as http://supervisord.org/configuration.html lists
# them, and is written as it is: `%(program_name)s` means what it says there.

{ writeTextFile
, stdenv
, lib
, createCredentials
, supervisor
, basePackages
, forceDisableUserChange ? false
, runtimeDir
  # The programs that wrappers run; without them, those on the PATH.
, coreutils ? null
, util-linux ? null
, nixprocBinary ? import ../../binary.nix { }
}:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };

  settings = import ../../process/settings.nix {
    basePackages = map toString basePackages;
    # It is no part of what a process is: another version of it restarts none.
    wrapper = map builtins.unsafeDiscardStringContext
      (import ../util/foreground-proxy.nix { inherit stdenv coreutils util-linux; });
  };

  niceProgram = if coreutils == null then "nice" else "${coreutils}/bin/nice";

  largest = builtins.foldl' (a: b: if a > b then a else b) 0;
in

{ name
, useProxy ? false
, command ? null
, pidFile ? "${name}.pid"
, path ? [ ]
, environment ? { }
, dependencies ? [ ]
, credentials ? { }
, postInstall ? ""
  # supervisord has no such setting: nice(1) is put in front of the command.
, nice ? null
, ...
}@args:

let
  data = import ../../process/data.nix name;
  quote = import ./quote.nix name;

  packages = map (dependency: dependency.pkg or dependency) dependencies;

  properties = removeAttrs args ([
    "name" "useProxy" "command" "pidFile" "path" "environment" "dependencies" "credentials" "postInstall" "nice"
  ] ++ (if forceDisableUserChange then [ "user" ] else [ ]));

  # As supervisord writes yes and no, and lists.
  property = key: value:
    if builtins.isBool value then (if value then "true" else "false")
    else if builtins.isList value then builtins.concatStringsSep "," (data.list key value)
    else data.text key value;

  pidFilePath = if builtins.substring 0 1 (toString pidFile) == "/" then toString pidFile else "${toString runtimeDir}/${toString pidFile}";

  words = words: builtins.concatStringsSep " " (map (quote.word "command") words) + " ";
in
createPackage {
  manager = "supervisord";
  inherit name dependencies postInstall settings;

  credentials = if credentials == { } then null else createCredentials (data.anySet "credentials" credentials);

  attributes = {
    priority =
      if dependencies == [ ] then 1
      else largest (map (package: package.priority or 1) packages) + 1;
  };

  parameters = {
    command =
      if command == null then throw "process '${name}': attribute 'command' is missing: supervisord has to know what to run"
      else (if nice == null then "" else words [ niceProgram "-n" (data.text "nice" nice) ])
        + (if useProxy then words [ "${supervisor}/bin/pidproxy" pidFilePath ] else "")
        + data.text "command" command;
    nice = data.optional "nice" nice;
    path = data.list "path" path;
    environment = data.set "environment" environment;
    properties = builtins.mapAttrs property (lib.filterAttrs (_: value: value != null) properties);
  };
}
