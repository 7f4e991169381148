# The command line that deploys a profile that was built before.
{ lib }:
{ processManager, profileSettings, processesEnv, envVars ? [ ], extraDeployArgs ? [ ] }:

import ./execute-command.nix { inherit lib; } {
  inherit (profileSettings.params) forceDisableUserChange;
  command = toString (envVars
    ++ [ "nixproc-${processManager}-deploy" ]
    ++ lib.toList profileSettings.deployArgs
    ++ lib.toList extraDeployArgs
    ++ [ "${processesEnv}" ]);
}
