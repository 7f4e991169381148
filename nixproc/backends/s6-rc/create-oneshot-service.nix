# Creates a oneshot service: a command line that brings something up, and one
# that takes it down. The files are those of
# https://skarnet.org/software/s6-rc/s6-rc-compile.html.

{ stdenv
, lib
, createCredentials
, execline ? null
, s6 ? null
, coreutils ? null
  # More words that are no part of what a service is, see programs.nix.
, words ? { }
, nixprocBinary ? import ../../binary.nix { }
}:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };

  inherit (import ./programs.nix { inherit stdenv execline s6 coreutils; more = words; }) settings;
in

{ name
  # "s6-rc -d change" does not stop it, only -D does.
, flagEssential ? false
  # Command lines in the words of execlineb: a path, or a text by writeTextFile.
, up
, down ? null
, dependencies ? [ ]
  # Milliseconds until they are given up.
, timeoutUp ? null
, timeoutDown ? null
, credentials ? { }
, postInstall ? ""
  # The daemon that it starts: { pidFile; program; log; user; }, for the status.
, daemon ? null
}:

let
  define = import ./definition.nix name;

  checked = import ../../process/data.nix name;
in
createPackage {
  manager = "s6-rc";
  inherit name dependencies postInstall settings;

  credentials = if credentials == { } then null else createCredentials (checked.anySet "credentials" credentials);

  parameters = {
    main = name;
    requires = map (define.nameOf "dependencies") (checked.anyList "dependencies" dependencies);
    services.${name} = define.type "oneshot"
      // define.flag "flag-essential" flagEssential
      // define.script "up" up
      // define.script "down" down
      // define.number "timeout-up" timeoutUp
      // define.number "timeout-down" timeoutDown;
  } // (if daemon == null then { } else daemon);
}
