# Somebody deploys all processes as himself, below his home directory.
let
  stateDir = "/home/unprivileged/var";
in
{
  params = {
    inherit stateDir;
    runtimeDir = "${stateDir}/run";
    forceDisableUserChange = true;
    callingUser = "unprivileged";
    callingGroup = "users";
  };

  deployArgs = [ "--state-dir" stateDir "--force-disable-user-change" ];

  nixosModules = [ ./unprivileged-user-module.nix ];
}
