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

  supervisord = instanceSuffix: port: {
    inherit port;
    pkg = constructors.extendableSupervisord {
      inherit instanceSuffix;
      inetHTTPServerPort = port;
    };
  };
in
{
  # 9001 is the port of the supervisord that a suite is deployed to.
  supervisord-primary = supervisord "-primary" 9002;
  supervisord-secondary = supervisord "-secondary" 9003;
}
