# Creates a bundle: a name for several services.

{ stdenv, lib, nixprocBinary ? import ../../binary.nix { } }:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };

  inherit (import ./programs.nix { inherit stdenv; execline = null; }) settings;
in

{ name
  # All of them are essential: "s6-rc -d change" does not stop them, only -D does.
, flagEssential ? false
  # Services, as packages or processes.
, contents ? [ ]
, postInstall ? ""
}:

let
  define = import ./definition.nix name;

  checked = import ../../process/data.nix name;
in
createPackage {
  manager = "s6-rc";
  inherit name postInstall settings;

  parameters = {
    main = name;
    contents = map (define.nameOf "contents") (checked.anyList "contents" contents);
    services.${name} = define.type "bundle"
      // define.flag "flag-essential" flagEssential;
  };
}
