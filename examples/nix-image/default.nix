# An image in which Nix works:
#
#   nix-build examples/nix-image
#   docker load -i result
#   docker run --rm -it nix:latest bash
{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
}:

import ../../nixproc/create-image-from-steps/create-nix-image.nix { inherit pkgs; } {
  name = "nix";
  tag = "latest";
}
