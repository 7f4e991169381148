{ pkgs, stateDir, runtimeDir, forceDisableUserChange, processManager }@arguments:

let
  constructors = import ../../../examples/services-agnostic/constructors/constructors.nix arguments;

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
