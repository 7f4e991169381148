# Root deploys, and every process runs as the user that it asks for.
{
  params = {
    stateDir = "/var";
    runtimeDir = "/var/run";
    forceDisableUserChange = false;
  };

  deployArgs = [ ];

  nixosModules = [ ];
}
