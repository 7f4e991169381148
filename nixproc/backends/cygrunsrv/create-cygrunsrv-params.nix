# Creates the parameters with which cygrunsrv(1) installs a Windows service that
# runs a program of Cygwin.

{ writeTextFile
, stdenv
, lib
  # Stands in front of the name of the service.
, prefix ? "nix-process-"
, nixprocBinary ? import ../../binary.nix { }
}:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };

  settings = import ../../process/settings.nix { inherit prefix; };
in

{ name
, displayName ? "${prefix}${name}"
, path
, args ? [ ]
, environment ? { }
  # "auto" starts it at boot, "manual" does not.
, type ? "auto"
, user ? null
, password ? null
, stdin ? null
, stdout ? null
, stderr ? null
, terminateSignal ? "TERM"
, terminateOnShutdown ? false
, dependencies ? [ ]
  # Packages whose bin directories are on PATH.
, environmentPath ? [ ]
, postInstall ? ""
}:

let
  data = import ../../process/data.nix name;
in
createPackage {
  manager = "cygrunsrv";
  inherit name dependencies postInstall settings;
  packageName = "${prefix}${name}";

  parameters = {
    displayName = data.text "displayName" displayName;
    path = data.text "path" path;
    args = data.list "args" args;
    # An explicit PATH wins.
    environment =
      lib.optionalAttrs (environmentPath != [ ]) {
        PATH = builtins.concatStringsSep ":" (map (package: "${package}/bin") (data.anyList "environmentPath" environmentPath));
      } // data.set "environment" environment;
    type = data.text "type" type;
    user = data.optional "user" user;
    password = data.optional "password" password;
    stdin = data.optional "stdin" stdin;
    stdout = data.optional "stdout" stdout;
    stderr = data.optional "stderr" stderr;
    terminateSignal = data.text "terminateSignal" terminateSignal;
    inherit terminateOnShutdown;
  };
}
