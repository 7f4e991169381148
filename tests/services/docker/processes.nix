{ pkgs, stateDir, runtimeDir, forceDisableUserChange, processManager }@arguments:

let
  constructors = import ../../../examples/services-agnostic/constructors/constructors.nix arguments;

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
