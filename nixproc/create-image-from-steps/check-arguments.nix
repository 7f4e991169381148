# Gives the arguments of an image with the usual steps. One that no step reads is
# misspelt.

{ pkgs }:

input:

let
  known = builtins.attrNames (import ./image-arguments.nix { inherit pkgs; }) ++ [
    # of dockerTools, which may not be there
    "fromImageName"
    "fromImageTag"
    "keepContentsDirlinks"
    "diskSize"
    "buildVMMemorySize"
    "uid"
    "gid"
    "compressor"
    "includeNixDB"
    "meta"
    # of the steps
    "interactive"
    "manpages"
    "nixpkgs"
    "channelURL"
    "processManager"
    "bootstrap"
    "preload"
    "idResourcesFile"
    "idsFile"
    # of the model
    "exprFile"
    "model"
    "stateDir"
    "runtimeDir"
    "logDir"
    "cacheDir"
    "spoolDir"
    "lockDir"
    "libDir"
    "tmpDir"
    "forceDisableUserChange"
    "callingUser"
    "callingGroup"
    "extraParams"
    "defaultBundleName"
  ];

  unknown = builtins.filter (name: !(builtins.elem name known)) (builtins.attrNames input);
in
if unknown == [ ] then input
else throw "an image has no argument '${builtins.concatStringsSep "', '" unknown}': it takes ${builtins.concatStringsSep ", " (builtins.sort builtins.lessThan known)}"
