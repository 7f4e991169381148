# The functions that create the services of s6-rc, composed.

{ stdenv
, lib
, execline
, createCredentials
, logDir
  # Who s6-log runs as.
, logDirUser ? "s6-log"
, logDirGroup ? "s6-log"
, forceDisableUserChange
, s6 ? null
, coreutils ? null
  # See create-oneshot-service.nix.
, words ? { }
, nixprocBinary ? import ../../binary.nix { }
}:

let
  programs = { inherit execline s6 coreutils; };
in
rec {
  createLogServiceForLongRunService = import ./create-log-service-for-longrun-service.nix (programs // {
    inherit stdenv lib logDir logDirUser logDirGroup forceDisableUserChange nixprocBinary;
  });

  createLongRunService = import ./create-longrun-service.nix (programs // {
    inherit stdenv lib createCredentials createLogServiceForLongRunService nixprocBinary;
    logCredentials =
      if forceDisableUserChange then { }
      else {
        # Its number is none of those that models give to their users.
        groups.${logDirGroup} = { system = true; };
        users.${logDirUser} = { group = logDirGroup; description = "User of s6 log services"; system = true; };
      };
  });

  createOneShotService = import ./create-oneshot-service.nix (programs // {
    inherit stdenv lib createCredentials words nixprocBinary;
  });

  createServiceBundle = import ./create-service-bundle.nix {
    inherit stdenv lib nixprocBinary;
  };

  inherit logDir;
}
