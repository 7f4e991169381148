# s6-rc begins with no service but an empty bundle; a switch in the container
# compiles others into STATE/etc/s6/rc, and moves the link there.

{ pkgs, common, input, result }:

let
  tools = (import ../../../../tools { inherit pkgs; inherit (common) system; }).s6-rc;
  database = import ./database.nix { inherit pkgs; } (import ../build-s6-rc-env.nix {
    inherit pkgs;
    inherit (common) system;
  });
  databases = "${if input.stateDir == "/" then "" else input.stateDir}/etc/s6/rc";
in
import ../../../create-image-from-steps/declare.nix
  (result // { contents = result.contents or [ ] ++ [ tools ]; })
{
  directories.${databases} = { };
  links = {
    "/etc/s6/rc" = databases;
    "${databases}/compiled" = "${database}";
  };
}
