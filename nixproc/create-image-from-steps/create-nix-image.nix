# Makes an image in which Nix works.

{ pkgs }:

input:

import ./create-image-from-steps.nix {
  inherit pkgs;
  input = import ./check-arguments.nix { inherit pkgs; } input;
  common = { inherit (pkgs.stdenv) system; };
  steps = [
    ./steps/init.nix
    ./steps/basic.nix
    ./steps/interactive.nix
    ./steps/man.nix
    ./steps/nix-support.nix
  ];
}
