{ pkgs, stateDir, runtimeDir, forceDisableUserChange, processManager }@arguments:

let
  constructors = import ../../../examples/services-agnostic/constructors/constructors.nix arguments;

  # Whoever is on the machine that the suite runs on may do everything.
  postgresql = instanceSuffix: port: {
    inherit port;

    pkg = constructors.postgresql {
      inherit port instanceSuffix;
      superUser = "postgres";
      authentication = "host all postgres 127.0.0.1/32 trust";
    };
  };
in
{
  postgresql = postgresql "" 5432;
  postgresql-secondary = postgresql "-secondary" 5433;
}
