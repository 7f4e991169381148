# Makes an image with Nix and the tools in it: a container deploys the model when it
# starts for the first time, and another one whenever it is told to. The steps of
# each process manager are the argument `steps`: a set of files that give a list.

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
    ./steps/nix-processmgmt-dynamic.nix
    ./steps/su-pam.nix
  ]
  ++ import ./manager-steps.nix processManager steps
  ++ [
    ./steps/bootstrap-init.nix
    ./steps/nix-support.nix
  ];
}
