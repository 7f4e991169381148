# supervisord's configuration is one profile.

{ pkgs, common, input, result }:

let
  profile = import ../../../create-image-from-steps/profile.nix { inherit pkgs common input; } "supervisord";
in
import ../../../create-image-from-steps/declare.nix result {
  directories.${input.logDir or "/var/log"} = { };
  links."/etc/supervisor" = "${profile}";
  profiles = [ profile ];
}
