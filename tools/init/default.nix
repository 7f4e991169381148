# The first process of containers: a program of its own, so that an image has no
# more in it than it needs.

{ pkgs }:

pkgs.buildGoModule {
  pname = "nixproc-init";
  version = "0.1.0";
  # Of the same files as nixproc, because vendorHash is a digest of the modules that
  # all of them need.
  inherit (import ../nixproc.nix { pkgs = pkgs // { buildGoModule = package: package; }; }) src vendorHash;
  subPackages = [ "cmd/nixproc-init" ];
  ldflags = [ "-s" "-w" ];
  env.CGO_ENABLED = "0";
  doCheck = false;
  meta.mainProgram = "nixproc-init";
}
