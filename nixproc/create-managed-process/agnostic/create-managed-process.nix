# Creates the configuration of a process for any process manager, from
# properties that have the same meaning for all of them.

{ processManager
  # For each process manager the function that translates the properties.
, generators ? { }
, stdenv
, nixprocBinary ? import ../../binary.nix { }
}:

let
  kindOf = import ../../process/kind.nix;

  # Lists of arguments are appended to before anyone looks at them.
  append = name: first: second: a: b:
    let data = import ../../process/data.nix name;
    in data.anyList first a ++ data.anyList second b;
in

{ name ? instanceName
, instanceName ? null
, description ? name
, initialize ? ""
, process ? null
, args ? [ ]
, daemon ? process
, daemonExtraArgs ? [ ]
, daemonArgs ? append name "args" "daemonExtraArgs" args daemonExtraArgs
, foregroundProcess ? process
, foregroundProcessExtraArgs ? [ ]
, foregroundProcessArgs ? append name "args" "foregroundProcessExtraArgs" args foregroundProcessExtraArgs
, pidFile ? null
, path ? [ ]
, environment ? { }
, directory ? null
, umask ? null
, nice ? null
, user ? null
, dependencies ? [ ]
, credentials ? { }
, overrides ? { }
, postInstall ? ""
}@properties:

if name == null then throw "No process name was specified or can be inferred!"
else if !builtins.isString name then throw "the name of a process is ${kindOf name}, where text is due"
else if processManager == null
then import ./create-agnostic-config.nix { inherit stdenv nixprocBinary; } properties
else
  let
    data = import ../../process/data.nix name;
  in
  (generators.${processManager} or (throw "Unknown process manager: ${processManager}"))
  {
    inherit name daemon daemonArgs instanceName;
    inherit foregroundProcess foregroundProcessArgs environment directory;
    inherit umask nice user dependencies credentials;
    pidFile =
      if pidFile == null || builtins.substring 0 1 (data.text "pidFile" pidFile) == "/" then pidFile
      else throw "process '${name}': attribute 'pidFile' is no absolute path: ${data.text "pidFile" pidFile}";
    description = data.text "description" description;
    initialize = data.text "initialize" initialize;
    postInstall = data.text "postInstall" postInstall;
    # Overrides see the packages, not the texts that they become.
    path = map (package: builtins.seq (data.text "path" package) package) (data.anyList "path" path);
    overrides = (data.anySet "overrides" overrides).${processManager} or { };
  }
