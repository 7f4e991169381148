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

  # Only root may take a port below 1024.
  sshd = instanceSuffix: number: rec {
    port = number + (if forceDisableUserChange then 2200 else 0);
    pkg = constructors.sshd {
      inherit port instanceSuffix;
      extraSSHDConfig = ''AuthorizedKeysFile "${libDir}/sshd${instanceSuffix}/authorized_keys"'';
    };
  };
in
{
  sshd = sshd "" 22;
  sshd-secondary = sshd "-secondary" 23;
}
