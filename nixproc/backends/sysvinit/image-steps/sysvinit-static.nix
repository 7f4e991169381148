# The first process runs the init scripts of one profile.

{ pkgs, common, input, result }:

let
  init = import ../../../init.nix { inherit pkgs; };
  profile = import ../../../create-image-from-steps/profile.nix { inherit pkgs common input; } "sysvinit";
in
import ../../../create-image-from-steps/declare.nix
  (result // {
    config = result.config or { } // { Cmd = [ init "--runlevel=3" "${profile}" ]; };
  })
{
  links."/etc/rc.d" = "${profile}/etc/rc.d";
  profiles = [ profile ];
}
