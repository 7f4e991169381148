# supervisord, which init scripts start.
{ profileSettings, exprFile, extraParams, tools, pkgs, system }:

let
  deployment = import ../../../test-driver/util/deployment.nix { inherit pkgs system; };

  supervisord = deployment {
    processManager = "sysvinit";
    inherit profileSettings;
    exprFile = ./processes-supervisord.nix;
  };

  model = deployment {
    processManager = "supervisord";
    inherit profileSettings exprFile extraParams;
    envVars = [ "SUPERVISORD_CONF_DIR=${profileSettings.params.stateDir}/lib/supervisord" ];
  };
in
{
  inherit (profileSettings) params;

  nixosModules = [ ];
  systemPackages = [ tools.sysvinit tools.supervisord pkgs.python3Packages.supervisor ];
  additionalPaths = [ supervisord.profile model.profile ];

  deployProcessManager = supervisord.statement + ''
    machine.wait_for_open_port(9001)
  '';
  deploySystem = model.statement;
}
