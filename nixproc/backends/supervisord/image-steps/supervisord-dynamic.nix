# supervisord begins without programs; a switch in the container adds them.

{ pkgs, common, input, result }:

let
  tools = (import ../../../../tools { inherit pkgs; inherit (common) system; }).supervisord;

  empty = import ../build-supervisord-env.nix {
    inherit pkgs;
    inherit (common) system;
  };
in
import ../../../create-image-from-steps/declare.nix
  (result // {
    contents = result.contents or [ ] ++ [ tools ];
    config = result.config or { } // {
      Env = result.config.Env or [ ] ++ [ "SUPERVISORD_CONF_DIR=/etc/supervisor" ];
    };
  })
{
  directories.${input.logDir or "/var/log"} = { };
  directories."/etc/supervisor/conf.d" = { };
  files."/etc/supervisor/supervisord.conf".source = "${empty}/supervisord.conf";
}
