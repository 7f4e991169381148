# Disnix on one machine, which deploys to itself and needs no service for that.
{ profileSettings, exprFile, extraParams, tools, pkgs, system }:

let
  model = import ../../../test-driver/util/deployment.nix { inherit pkgs system; } {
    processManager = "disnix";
    inherit profileSettings exprFile extraParams;
  };
in
{
  inherit (profileSettings) params;

  nixosModules = [ ];
  systemPackages = [ tools.disnix pkgs.disnix pkgs.dysnomia ];
  additionalPaths = [ model.profile ];

  deployProcessManager = "";
  deploySystem = model.statement;
}
