# Makes an image of all processes of a model, which can't be changed any more. The
# steps of each process manager are the argument `steps`: a set of files that give
# a list.

{ pkgs }:

{ processManager, steps, ... }@input:

import ./create-image-from-steps.nix {
  inherit pkgs;
  input = import ./with-defaults.nix input;
  common = { inherit (pkgs.stdenv) system; };
  steps = [
    ./steps/init.nix
    ./steps/basic.nix
    ./steps/interactive.nix
    ./steps/man.nix
    ./steps/nix-processmgmt-static.nix
    ./steps/su-pam.nix
  ]
  ++ import ./manager-steps.nix processManager steps;
}
