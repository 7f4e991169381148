{ pkgs, stateDir, runtimeDir, forceDisableUserChange, processManager }@arguments:

let
  constructors = import ../../../examples/services-agnostic/constructors/constructors.nix arguments;

  redis = instanceSuffix: port: {
    inherit port;
    pkg = constructors.redis { inherit port instanceSuffix; };
  };
in
{
  redis = redis "" 6379;
  redis-secondary = redis "-secondary" 6380;
}
