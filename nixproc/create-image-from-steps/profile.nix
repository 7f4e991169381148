# The profile of an image's processes model, for the steps of process managers.

{ pkgs, common, input }:

manager:

let
  profile = import ../deployment.nix ({
    inherit pkgs;
    inherit (common) system;
    processManager = manager;
  } // builtins.intersectAttrs
    (builtins.listToAttrs (map (name: { inherit name; value = null; }) [
      "exprFile" "model" "stateDir" "runtimeDir" "logDir" "cacheDir" "spoolDir" "lockDir" "libDir" "tmpDir"
      "forceDisableUserChange" "callingUser" "callingGroup" "extraParams" "defaultBundleName"
    ]))
    input);
in
if profile.model.processes != [ ] then profile
else throw "the processes model ${toString (input.model.name or input.exprFile or "")} has no processes: there is nothing for a container to run"
