# The first process starts what Disnix has deployed in the container.

{ pkgs, common, input, result }:

let
  init = import ../../../init.nix { inherit pkgs; };
  tools = (import ../../../../tools { inherit pkgs; inherit (common) system; }).disnix;
  profile = "/nix/var/nix/profiles/per-user/root/disnix-coordinator/default";

  empty = import ../build-disnix-env.nix {
    inherit pkgs;
    inherit (common) system;
  };
in
import ../../../create-image-from-steps/declare.nix
  (result // {
    contents = result.contents or [ ] ++ [ tools ];
    config = result.config or { } // { Cmd = [ init profile ]; };
  })
{ generations.${profile} = empty; }
