# Creates a systemd unit. Every attribute of the arguments that is not listed
# below is a section of the unit, a set of properties; a property is text or a
# number (written as it is), true or false (yes or no), a list (one line, its
# elements joined by spaces), or a list of lists (a line for each of them).

{ stdenv
, lib
, writeTextFile
, createCredentials
  # Packages whose programs come first on the PATH of each process.
, basePackages
  # Leaves out User= and Group=.
, forceDisableUserChange ? false
  # In front of the name of each process, in the name of its unit.
, prefix ? "nix-process-"
, nixprocBinary ? import ../../binary.nix { }
}:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };

  settings = import ../../process/settings.nix {
    basePackages = map toString basePackages;
    shell = toString stdenv.shell;
    inherit forceDisableUserChange prefix;
  };
in

{ name
, environment ? { }
, dependencies ? [ ]
, path ? [ ]
, credentials ? { }
, postInstall ? ""
, ...
}@args:

let
  data = import ../../process/data.nix name;

  # A value as the text that stands in the unit.
  word = where: value:
    if builtins.isBool value then (if value then "yes" else "no") else data.text where value;

  # The lines of a property.
  lines = where: value:
    if !builtins.isList value then [ (word where value) ]
    else if builtins.any builtins.isList value then builtins.concatMap (lines where) value
    else [ (builtins.concatStringsSep " " (map (word where) value)) ];

  sections = removeAttrs args [ "name" "environment" "dependencies" "path" "credentials" "postInstall" ];
in
createPackage {
  manager = "systemd";
  inherit name dependencies postInstall settings;
  packageName = "${prefix}${name}";

  credentials = if credentials == { } then null else createCredentials (data.anySet "credentials" credentials);

  parameters = {
    path = data.list "path" path;
    environment = data.set "environment" environment;
    sections = builtins.mapAttrs
      (section: properties: builtins.mapAttrs (property: lines "${section}.${property}") (data.anySet section properties))
      sections;
  };
}
