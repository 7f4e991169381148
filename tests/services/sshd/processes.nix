{ pkgs, stateDir, runtimeDir, forceDisableUserChange, processManager }@arguments:

let
  constructors = import ../../../examples/services-agnostic/constructors/constructors.nix arguments;

  # Only root may take a port below 1024.
  sshd = instanceSuffix: number: rec {
    port = number + (if forceDisableUserChange then 2200 else 0);
    pkg = constructors.sshd {
      inherit port instanceSuffix;
      extraSSHDConfig = ''AuthorizedKeysFile "${stateDir}/lib/sshd${instanceSuffix}/authorized_keys"'';
    };
  };
in
{
  sshd = sshd "" 22;
  sshd-secondary = sshd "-secondary" 23;
}
