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

  # Not only one of them may shape the network of the machine: neither does.
  docker = instanceSuffix: {
    pkg = constructors.docker {
      inherit instanceSuffix;
      extraArgs = [ "--bridge=none" "--iptables=false" "--ip6tables=false" ];
    };
  };
in
{
  docker-primary = docker "-primary";
  docker-secondary = docker "-secondary";
}
