# A web application and the nginx in front of it, in one container:
#
#   nix-build examples/multi-process-image && docker load -i result
#   docker run --rm --network host multiprocess:test
#
# Without Nixpkgs, NIX_PATH=nixpkgs=nixproc/hostpkgs/self-contained stands in for it.

{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, processManager ? "supervisord"
, forceDisableUserChange ? false
}:

import ../../nixproc/create-image-from-steps/create-multi-process-image-universal.nix { inherit pkgs; } {
  name = "multiprocess";
  tag = "test";
  exprFile = ../webapps-agnostic/processes.nix;
  inherit processManager forceDisableUserChange;
}
