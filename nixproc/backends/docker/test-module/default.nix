# The Docker daemon, which init scripts start. It runs as root also where the one
# who deploys is not.
{ profileSettings, exprFile, extraParams, tools, pkgs, system }:

let
  deployment = import ../../../test-driver/util/deployment.nix { inherit pkgs system; };

  inherit (profileSettings.params) stateDir forceDisableUserChange;

  privileged = import ../../../test-driver/profiles/privileged.nix;

  docker = deployment {
    processManager = "sysvinit";
    profileSettings = privileged;
    exprFile = ./processes-docker.nix;
  };

  # Not the machine's own /var: containers would have it as theirs.
  settings = if stateDir != "/var" then profileSettings else profileSettings // rec {
    params = profileSettings.params // {
      stateDir = "/dockervar";
      runtimeDir = "/dockervar/run";
    };
    deployArgs = pkgs.lib.toList profileSettings.deployArgs ++ [ "--state-dir" params.stateDir ];
  };

  model = deployment {
    processManager = "docker";
    profileSettings = settings;
    inherit exprFile extraParams;
  };
in
{
  inherit (settings) params;

  nixosModules = [ ];
  systemPackages = [ tools.sysvinit tools.docker pkgs.docker ];
  additionalPaths = [ docker.profile model.profile ];

  deployProcessManager = docker.statement + ''
    machine.wait_for_file("${privileged.params.runtimeDir}/docker.sock")
  '' + pkgs.lib.optionalString forceDisableUserChange ''
    machine.succeed("usermod -a -G docker unprivileged")
  '';
  deploySystem = model.statement;
}
