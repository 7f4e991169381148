{ pkgs, stateDir, runtimeDir, forceDisableUserChange, processManager }@arguments:

let
  constructors = import ../../../examples/services-agnostic/constructors/constructors.nix arguments;

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
