# Makes the archive of an image of what a list of steps composes. The steps declare
# its file system as data (declare.nix), so the command makes it alone. Only what a
# user's own step does by shell text, in runAsRoot or extraCommands, is left to
# dockerTools, on top of that.

{ pkgs, steps, common ? { }, input }:

let
  result = import ./generate-config-from-steps.nix { inherit pkgs common input steps; };

  image = import ./assemble.nix { inherit pkgs; } result;

  own = builtins.filter (name: result.${name} or null != null && result.${name} != "") [ "runAsRoot" "extraCommands" ];
in
if own == [ ] then image
else if !(pkgs ? dockerTools) then
  throw "${builtins.concatStringsSep " and " own} of an image: only dockerTools does that, which these packages do not have: declare what the image is to have (nixproc/create-image-from-steps/declare.nix)"
else
  pkgs.dockerTools.buildImage (removeAttrs result [ "image" "contents" "copyToRoot" "fromImageName" "fromImageTag" ] // {
    fromImage = image;
  })
