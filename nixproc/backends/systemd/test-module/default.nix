# The machine's own systemd, or that of the user without privileges.
{ profileSettings, exprFile, extraParams, tools, pkgs, system }:

let
  inherit (profileSettings.params) forceDisableUserChange;

  model = import ../../../test-driver/util/deployment.nix { inherit pkgs system; } {
    processManager = "systemd";
    inherit profileSettings exprFile extraParams;
    envVars = [ (if forceDisableUserChange then "XDG_RUNTIME_DIR=/run/user/$(id -u)" else "SYSTEMD_TARGET_DIR=/etc/systemd-mutable/system") ];
    extraDeployArgs = pkgs.lib.optional forceDisableUserChange "--user";
  };
in
{
  inherit (profileSettings) params;

  nixosModules = pkgs.lib.optional (!forceDisableUserChange) ./systemd-path.nix;
  systemPackages = [ tools.systemd ];
  additionalPaths = [ model.profile ];

  # A user who lingers has a systemd without being logged in.
  deployProcessManager =
    if forceDisableUserChange then ''
      machine.wait_for_unit("systemd-logind.service")
      machine.succeed("loginctl enable-linger unprivileged")
      machine.wait_until_succeeds("test -S /run/user/$(id -u unprivileged)/systemd/private")
    '' else ''
      machine.succeed("mkdir -p /etc/systemd-mutable/system")
    '';

  deploySystem = model.statement;
}
