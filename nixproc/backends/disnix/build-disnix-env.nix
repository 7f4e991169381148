# Builds a manifest of Disnix from a processes model, with this machine as the
# only target.

{ exprFile ? null
, system ? builtins.currentSystem
, pkgs ? import <nixpkgs> { inherit system; }
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, cacheDir ? "${stateDir}/cache"
, spoolDir ? "${stateDir}/spool"
, lockDir ? "${stateDir}/lock"
, libDir ? "${stateDir}/lib"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, callingUser ? null
, callingGroup ? null
  # The program by which Disnix reaches the target.
, clientInterface ? null
  # Older expressions pass it; the functions of Disnix itself are not needed.
, disnixDataDir ? null
, extraParams ? { }
}@args:

import ../../deployment.nix (removeAttrs args [ "disnixDataDir" ] // { processManager = "disnix"; })
