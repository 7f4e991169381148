# A nixpkgs-shaped set made of this host's own programs, so that models can be
# evaluated and built on a machine that has Nix but neither nixpkgs nor a
# binary cache:
#
#   NIX_PATH=nixpkgs=…/nixproc/hostpkgs nix-build …
#
# Packages are trees of links into the host, so they are good for this machine
# only, and what they link to follows the host's upgrades. It needs impure
# evaluation. Called like nixpkgs; config, overlays and so on are ignored.
{ system ? builtins.currentSystem, ... }:

let
  lib = import ./lib.nix;
  host = import ./host.nix { inherit system; };
in
import ./set.nix {
  inherit system lib host;
  programs = builtins.mapAttrs (import ./host-package.nix { inherit host; }) (import ./host-programs.nix);
  path = ./.;
}
