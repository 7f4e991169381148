# The one evaluation of a switch: calls the user's processes model and puts all
# that the command has to know into the profile's derivation, as structured
# attributes. The command reads them from the .drv before anything is built;
# the builder of the derivation is the command itself.

{ # Path of the processes model; null for a profile without processes.
  exprFile ? null
  # Name of the profile's derivation.
, name ? "processes-${processManager}"
  # Or the model itself: { name, value }, and perhaps pkgs, for a model that has
  # no default for them.
, model ? null
, processManager
  # Null (or left out) stands for "not asked for": the model's own default holds.
, system ? null
, pkgs ? null
, stateDir ? null
, runtimeDir ? null
, logDir ? null
, cacheDir ? null
, spoolDir ? null
, lockDir ? null
, libDir ? null
, tmpDir ? null
, forceDisableUserChange ? null
, callingUser ? null
, callingGroup ? null
  # s6-rc's bundle of all services.
, defaultBundleName ? null
  # disnix: the program by which Disnix reaches a target.
, clientInterface ? null
  # Further arguments of the model; they beat all others.
, extraParams ? { }
  # Paths of a file of IDs, and that of the one which is to be read in its place.
, idsFiles ? [ ]
, newIDsFile ? null
, nixprocBinary ? import ./binary.nix (if pkgs == null then { } else { inherit pkgs; })
}:

let
  kindOf = import ./process/kind.nix;

  checked = import ./process/call-model.nix {
    inherit exprFile model processManager system pkgs stateDir runtimeDir logDir cacheDir spoolDir lockDir libDir tmpDir
      forceDisableUserChange callingUser callingGroup extraParams idsFiles newIDsFile;
  };

  withoutContext = builtins.unsafeDiscardStringContext;

  # Keeps what is plain data: [ value ], or [ ] for what is not.
  plain = depth: given:
    let
      attempt = builtins.tryEval given;
      value = attempt.value;
      type = builtins.typeOf value;
    in
    if !attempt.success then [ ]
    else if type == "string" then [ (withoutContext value) ]
    else if type == "path" then [ (toString value) ]
    else if type == "int" || type == "bool" || type == "float" || type == "null" then [ value ]
    else if depth == 0 then [ ]
    else if type == "list" then [ (builtins.concatMap (plain (depth - 1)) value) ]
    else if type == "set" && !(value ? pkg || value.type or null == "derivation") then [ (plainSet depth value) ]
    else [ ];

  plainSet = depth: set:
    builtins.listToAttrs (builtins.concatMap
      (name: map (value: { inherit name value; }) (plain (depth - 1) set.${name}))
      (builtins.attrNames set));

  # Unlike plain data, it keeps the references to the store: the program that is
  # to be asked has to be there.
  readinessOf = attribute: value:
    if builtins.isList value then map (readinessOf attribute) value
    else if builtins.isPath value || value ? outPath || value ? __toString then toString value
    else if builtins.isAttrs value then builtins.mapAttrs (name: readinessOf "${attribute}.${name}") value
    else if builtins.isFunction value then throw "attribute '${attribute}' is ${kindOf value}, where plain data is due"
    else value;

  inStore = path:
    builtins.substring 0 (builtins.stringLength builtins.storeDir + 1) path == "${builtins.storeDir}/";

  # Like Nixpkgs' buildEnv, a store path will do for a package.
  packageOf = process:
    if builtins.isFunction process.pkg then process.pkg { }
    else if builtins.isString process.pkg && inStore process.pkg then {
      name = withoutContext (baseNameOf process.pkg);
      outPath =
        if builtins.hasContext process.pkg then process.pkg
        else builtins.storePath process.pkg;
    }
    else process.pkg;

  # As process/foreign-name.nix, which this file can't import either.
  foreignName = packageName:
    let
      prefix = { cygrunsrv = "nix-process-"; systemd = "nix-process-"; }.${processManager} or "";
      length = builtins.stringLength prefix;
      service = if processManager == "s6-rc" then builtins.match "(.+)-srv" packageName else null;
    in
    if service != null then builtins.head service
    else if builtins.substring 0 length packageName == prefix
    then builtins.substring length (builtins.stringLength packageName) packageName
    else packageName;

  nameOf = package: withoutContext (package.nixproc.name or (foreignName package.name));

  # Disnix knows packages, not files, so to it none is foreign.
  disnixPackage = package: {
    schema = 1;
    manager = "disnix";
    name = nameOf package;
    dependencies = map (dependency: nameOf (packageOf { pkg = dependency.pkg or dependency; })) (package.dependencies or [ ]);
    tree = "${package}";
    # It runs if there is the pid file that it names.
    parameters = { certain = true; };
  };

  # A package without a specification (an older framework made it) is merged
  # into the profile as it is.
  describe = attribute:
    let
      process = checked.${attribute};
      package = packageOf process;
    in
    { inherit attribute; } // (
      if !builtins.isAttrs process then { problem = "is ${kindOf process}, where a set with an attribute 'pkg' is due"; }
      else if !(process ? pkg) then { problem = "has no attribute 'pkg'"; }
      else if !builtins.isAttrs package then { problem = "has ${kindOf package} as 'pkg', where a package is due"; }
      else {
        attributes = plainSet 3 (removeAttrs process [ "pkg" "readiness" ]);
        ${if process.readiness or null == null then null else "readiness"} = readinessOf "readiness" process.readiness;
      } // (package.nixproc or (if processManager == "disnix" then disnixPackage package else {
        name = nameOf package;
        tree = "${package}";
        foreign = true;
      } // (if package ? sequence then { sequence = package.sequence; } else { })))
    );

  # What goes wrong in a process is evaluated here, so that the trace names it.
  # The command looks for these words.
  within = attribute: value:
    builtins.addErrorContext "while evaluating process '${attribute}'" (builtins.deepSeq value value);

  described = map (attribute: within attribute (describe attribute)) (builtins.attrNames checked);

  # Processes that others depend on and that are not in the model: they count
  # for the order all the same.
  packages = builtins.concatMap
    (attribute:
      let process = checked.${attribute}; package = packageOf process; in
      if builtins.isAttrs process && process ? pkg && builtins.isAttrs package then [ package ] else [ ])
    (builtins.attrNames checked);

  keyed = package: { key = nameOf package; inherit package; };

  reachable = builtins.genericClosure {
    startSet = map keyed packages;
    operator = item: map keyed (item.package.nixprocDependencies or [ ]);
  };

  inModel = builtins.listToAttrs (map (package: { name = nameOf package; value = null; }) packages);

  external = map
    (item: {
      name = item.key;
      dependencies = item.package.nixproc.dependencies or [ ];
    } // (if item.package ? nixproc then { } else { sequence = item.package.sequence or 0; }))
    (builtins.filter (item: !(inModel ? ${item.key})) reachable);

  # Each of them once, whatever the number of processes that refer to it.
  settings = builtins.listToAttrs (builtins.concatMap
    (package:
      if package ? nixprocSettings
      then [{ name = package.nixprocSettings.key; inherit (package.nixprocSettings) value; }]
      else [ ])
    packages);

  modelData = {
    schema = 1;
    manager = processManager;
    parameters = {
      inherit stateDir runtimeDir logDir cacheDir spoolDir lockDir libDir tmpDir forceDisableUserChange;
    };
    processes = described;
    settings = builtins.deepSeq described settings;
    external = builtins.deepSeq described external;
  } // (if defaultBundleName == null then { } else { inherit defaultBundleName; });

  made = attributes: derivation ({
    system = builtins.currentSystem or (if system == null then pkgs.stdenv.system else system);
    builder = nixprocBinary;
    __structuredAttrs = true;
    preferLocalBuild = true;
    allowSubstitutes = false;
    model = modelData;
  } // attributes);

  variable = builtins.getEnv "DISNIX_CLIENT_INTERFACE";
in
if processManager == "disnix" then
  made {
    name = "manifest.xml";
    args = [ "build-disnix-manifest" ];
    target = {
      # Disnix moves its profile only to a path of the same length, and this is
      # what its own functions call it.
      profile = "${made { name = "localhost"; args = [ "build-profile" ]; }}";
      system = if system == null then builtins.currentSystem else system;
      clientInterface =
        if clientInterface != null then clientInterface
        else if variable != "" then variable
        else "disnix-run-activity";
    };
  }
else
  made {
    inherit name;
    args = [ "build-profile" ];
  }
