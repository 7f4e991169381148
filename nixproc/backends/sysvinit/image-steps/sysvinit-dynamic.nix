# The first process runs the init scripts of what is deployed in the container.

{ pkgs, common, input, result }:

let
  init = import ../../../init.nix { inherit pkgs; };
  tools = (import ../../../../tools { inherit pkgs; inherit (common) system; }).sysvinit;
  profile = "/nix/var/nix/profiles/processes";
in
import ../../../create-image-from-steps/declare.nix
  (result // {
    contents = result.contents or [ ] ++ [ tools ];
    config = result.config or { } // { Cmd = [ init "--runlevel=3" profile ]; };
  })
{
  directories."/nix/var/nix/profiles" = { };
  links."/etc/rc.d" = "${profile}/etc/rc.d";
}
