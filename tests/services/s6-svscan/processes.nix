{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, cacheDir ? "${stateDir}/cache"
, libDir ? "${stateDir}/lib"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, processManager
}:

let
  constructors = import ../../../examples/services-agnostic/constructors/constructors.nix {
    inherit pkgs stateDir runtimeDir logDir cacheDir libDir tmpDir forceDisableUserChange processManager;
  };

  s6-svscan = instanceSuffix: {
    inherit instanceSuffix;
    pkg = constructors.s6-svscan { inherit instanceSuffix; };
  };
in
{
  # The one without a suffix is that which a suite is deployed to.
  s6-svscan-primary = s6-svscan "-primary";
  s6-svscan-secondary = s6-svscan "-secondary";
}
