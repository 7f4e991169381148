# The first process starts what a manifest of Disnix names, in its order.

{ pkgs, common, input, result }:

let
  init = import ../../../init.nix { inherit pkgs; };
  manifest = import ../../../create-image-from-steps/profile.nix { inherit pkgs common input; } "disnix";
in
import ../../../create-image-from-steps/declare.nix
  (result // {
    config = result.config or { } // { Cmd = [ init "${manifest}" ]; };
  })
{
  # The manifest is a file, which names the directory with the packages.
  profiles = [ manifest.target.profile ];
}
