# A model as a profile, and the Python statement that deploys it.
{ pkgs, system }:
{ processManager, profileSettings, exprFile, extraParams ? { }, envVars ? [ ], extraDeployArgs ? [ ] }:

rec {
  profile = import (../../backends + "/${processManager}/build-${processManager}-env.nix") ({
    inherit pkgs system exprFile extraParams;
  } // profileSettings.params);

  # What is JSON is Python.
  statement = ''
    machine.succeed(${builtins.toJSON (import ./execute-deploy.nix { inherit (pkgs) lib; } {
      inherit processManager profileSettings envVars extraDeployArgs;
      processesEnv = profile;
    })})
  '';
}
