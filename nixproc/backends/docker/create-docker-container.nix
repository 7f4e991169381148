# Creates the configuration of a container: the image that it is made of, and
# the arguments of `docker create`.

{ stdenv
, lib
  # Where programs of the store lead to that are not in it: containers that see
  # the host's store see these too, but may not write there.
, hostPaths ? [ ]
, nixprocBinary ? import ../../binary.nix { }
}:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };

  settings = import ../../process/settings.nix { };

  largest = builtins.foldl' (a: b: if a > b then a else b) 0;
in

{ name
  # A docker-archive, as `docker load` reads it, and the image's name in it.
, dockerImage
, dockerImageTag
  # Options of `docker create` without their dashes: a set, or a list of
  # { name, value }. One that has no value, or null, is a switch.
, dockerCreateParameters ? [ ]
, useHostNixStore ? false
, useHostNetwork ? false
  # Directories that are at the same place in the container.
, mapStateDirVolumes ? [ ]
  # What runs in the container, for whoever looks at the profile.
, cmd ? ""
, environment ? { }
  # Packages that the image refers to, but does not hold.
, storePaths ? [ ]
, dependencies ? [ ]
, postInstall ? ""
  # Seconds that the process has to end by itself.
, dockerStopTimeout ? null
}:

let
  data = import ../../process/data.nix name;
  kindOf = import ../../process/kind.nix;

  packages = map (dependency: dependency.pkg or dependency) dependencies;

  parameter = option: value: { name = option; inherit value; };

  given =
    if builtins.isList dockerCreateParameters then dockerCreateParameters
    else if builtins.isAttrs dockerCreateParameters then lib.mapAttrsToList parameter dockerCreateParameters
    else throw "process '${name}': attribute 'dockerCreateParameters' is ${kindOf dockerCreateParameters}, where a set or a list is due";

  volume = parameter "volume";

  parameters = given
    ++ lib.mapAttrsToList (variable: value: parameter "env" "${variable}=${value}") (data.set "environment" environment)
    ++ lib.optionals useHostNixStore ([ (volume "${builtins.storeDir}:${builtins.storeDir}") ]
      ++ map (path: volume "${path}:${path}:ro") hostPaths)
    ++ lib.optional useHostNetwork (parameter "network" "host")
    ++ map (dir: volume "${dir}:${dir}:z") (data.list "mapStateDirVolumes" mapStateDirVolumes);

  words = one: [ "${if builtins.stringLength one.name > 1 then "--" else "-"}${one.name}" ]
    ++ lib.optional (one.value or null != null) (data.text "dockerCreateParameters.${one.name}" one.value);

  # What the generator knows of an image that it made.
  known = dockerImage.nixprocImage or { };
in
createPackage {
  manager = "docker";
  inherit name dependencies postInstall settings;

  attributes = {
    priority =
      if dependencies == [ ] then 1
      else largest (map (package: package.priority or 1) packages) + 1;
  };

  parameters = {
    image = "${dockerImage}";
    tag = data.text "dockerImageTag" dockerImageTag;
    createParameters = builtins.concatMap words parameters;
    stopTimeout = data.optional "dockerStopTimeout" dockerStopTimeout;
    cmd = if !useHostNixStore then "" else if builtins.isList cmd then toString cmd else data.text "cmd" cmd;
    storePaths = if useHostNixStore then data.list "storePaths" storePaths else [ ];
    config = if known ? config then builtins.toJSON known.config else null;
    wrappers = map (map builtins.unsafeDiscardStringContext) (known.wrappers or [ ]);
    accounts = known.accounts or { };
    asCaller = known.asCaller or false;
  };
}
