# s6-svscan, which init scripts start, with s6-rc on top of it.
{ profileSettings, exprFile, extraParams, tools, pkgs, system }:

let
  deployment = import ../../../test-driver/util/deployment.nix { inherit pkgs system; };

  s6-svscan = deployment {
    processManager = "sysvinit";
    inherit profileSettings;
    exprFile = ./processes-s6-svscan.nix;
  };

  model = deployment {
    processManager = "s6-rc";
    inherit profileSettings exprFile extraParams;
  };
in
{
  inherit (profileSettings) params;

  nixosModules = [ ];
  systemPackages = [ tools.sysvinit tools.s6-rc pkgs.s6 pkgs.s6-rc ];
  additionalPaths = [ s6-svscan.profile model.profile ];

  deployProcessManager = s6-svscan.statement + ''
    machine.wait_for_file("${profileSettings.params.runtimeDir}/service/.s6-svscan/control")
  '';
  deploySystem = model.statement;
}
