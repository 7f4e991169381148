# Creates a launchd daemon. What it does not know is a property of its plist, as
# launchd.plist(5) lists them, and is written as it is.

{ writeTextFile
, stdenv
, lib
, createCredentials
, forceDisableUserChange ? false
  # Stands in front of the name in the label.
, prefix ? "org.nixos."
, nixprocBinary ? import ../../binary.nix { }
}:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };

  settings = import ../../process/settings.nix {
    inherit prefix;
    # A volume of its own on macOS, which is mounted some time after the boot.
    store = builtins.storeDir;
  };
in

{ name
, path ? [ ]
, credentials ? { }
  # launchd knows no order; the command starts these before.
, dependencies ? [ ]
, postInstall ? ""
, ...
}@args:

let
  data = import ../../process/data.nix name;
  kindOf = import ../../process/kind.nix;

  # Null says "not given", at any depth.
  property = where: value:
    if builtins.isFunction value
    then throw "process '${name}': attribute '${where}' is ${kindOf value}, which a plist can't hold"
    else if builtins.isList value then map (property where) (builtins.filter (item: item != null) value)
    else if builtins.isAttrs value && !(value ? outPath || value ? __toString)
    then builtins.mapAttrs (key: property "${where}.${key}") (lib.filterAttrs (_: item: item != null) value)
    else if builtins.isAttrs value || builtins.isPath value then toString value
    else value;

  properties = builtins.mapAttrs property (lib.filterAttrs (_: value: value != null) (removeAttrs args (
    [ "name" "path" "credentials" "dependencies" "postInstall" "EnvironmentVariables" ]
    ++ lib.optionals forceDisableUserChange [ "UserName" "GroupName" ]
  )));

  # What launchd has by itself comes last, as under other process managers: who
  # names a package does not give up the system's programs. An explicit PATH wins.
  systemPath = [ "/usr/bin" "/bin" "/usr/sbin" "/sbin" ];
  environment =
    lib.optionalAttrs (path != [ ]) { PATH = builtins.concatStringsSep ":" (map (package: "${package}/bin") (data.anyList "path" path) ++ systemPath); }
    // data.set "EnvironmentVariables" (args.EnvironmentVariables or { });
in
createPackage {
  manager = "launchd";
  inherit name dependencies postInstall settings;

  credentials = if credentials == { } then null else createCredentials (data.anySet "credentials" credentials);

  parameters = {
    properties = properties
      // lib.optionalAttrs (properties ? ProgramArguments) { ProgramArguments = data.list "ProgramArguments" args.ProgramArguments; }
      // lib.optionalAttrs (environment != { }) { EnvironmentVariables = environment; };
  };
}
