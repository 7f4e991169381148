# The framework's own Nix files, for expressions in an image:
#
#   import <nix-processmgmt/nixproc/create-managed-process/…>

{ pkgs }:

pkgs.linkFarm "nix-processmgmt" [
  {
    name = "nixproc";
    path = builtins.path {
      path = ../.;
      name = "nixproc";
      filter = path: _: !(pkgs.lib.hasSuffix ".go" path);
    };
  }
]
