# An image with Nix, the tools and a model in it, which its container deploys:
#
#   nix-build -I nix-processmgmt=. examples/mutable-multi-process-image
#   docker load -i result
#   docker run -d --name web mutable-processes:latest
#   docker exec -it web bash    # edit /etc/nixproc/processes.nix
#   docker exec web nixproc-supervisord-switch
{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, processManager ? "supervisord"
, forceDisableUserChange ? false
}:

import ../../nixproc/create-image-from-steps/create-mutable-multi-process-image-universal.nix { inherit pkgs; } {
  name = "mutable-processes";
  tag = "latest";
  inherit processManager forceDisableUserChange;
  exprFile = ./processes.nix;
  idResourcesFile = ./idresources.nix;
  idsFile = ./ids.nix;
}
