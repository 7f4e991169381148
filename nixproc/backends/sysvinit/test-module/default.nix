# Init scripts need nothing but themselves.
{ profileSettings, exprFile, extraParams, tools, pkgs, system }:

let
  model = import ../../../test-driver/util/deployment.nix { inherit pkgs system; } {
    processManager = "sysvinit";
    inherit profileSettings exprFile extraParams;
  };
in
{
  inherit (profileSettings) params;

  nixosModules = [ ];
  systemPackages = [ tools.sysvinit ];
  additionalPaths = [ model.profile ];

  deployProcessManager = "";
  deploySystem = model.statement;
}
