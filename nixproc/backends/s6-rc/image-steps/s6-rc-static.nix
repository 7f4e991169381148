# The services of one profile.

{ pkgs, common, input, result }:

let
  profile = import ../../../create-image-from-steps/profile.nix { inherit pkgs common input; } "s6-rc";
  database = import ./database.nix { inherit pkgs; } profile;
in
import ../../../create-image-from-steps/declare.nix result {
  links."/etc/s6/rc/compiled" = "${database}";
  profiles = [ profile ];
}
