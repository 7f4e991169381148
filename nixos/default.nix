# A module for NixOS that runs a processes model from boot on:
#
#   services.nixproc = {
#     enable = true;
#     processManager = "sysvinit";
#     processes = ./processes.nix;
#   };
#
# The profile is built with the system. One unit deploys it:
#
#   at boot, or when it is new   start: nixproc M-deploy, which starts what does
#                                not run. There is no state before it to go back
#                                to, so what runs stays if something fails.
#   nixos-rebuild switch         reload: only what has changed restarts; if that
#                                fails, all is as it was before.
#   disabled, removed, stopped   stop: everything is undeployed, with its users.
#   shutdown                     stop, too. The profile and the users stay for the
#                                next boot, so the processes are only stopped.
#
# The unit is called after the process manager and the profile: with another one
# it is another unit, and the first one is stopped.
{ config, lib, pkgs, ... }:

let
  cfg = config.services.nixproc;
  inherit (lib) mkEnableOption mkIf mkOption types;

  manager = import ./managers.nix { inherit cfg config pkgs; };

  profileOf = model: import ../nixproc/deployment.nix ({
    inherit (cfg) processManager extraParams stateDir;
    inherit pkgs;
    inherit (pkgs.stdenv.hostPlatform) system;
    callingUser = "root";
    callingGroup = "root";
    forceDisableUserChange = if cfg.forceDisableUserChange then true else null;
    nixprocBinary = "${cfg.package}/bin/nixproc";
  } // model);

  profile = profileOf (
    if builtins.isFunction cfg.processes || builtins.isAttrs cfg.processes
    then { model = { name = "services.nixproc.processes"; value = cfg.processes; }; }
    else { exprFile = cfg.processes; });

  # Deployed in place of the other one, it undeploys; Nix need not run for it.
  emptyProfile = profileOf { };

  # A command line of ours, of the manager.
  command = action: options: lib.escapeShellArgs ([ "${cfg.package}/bin/nixproc" "${cfg.processManager}-${action}" "--profile" cfg.profile ] ++ options);

  options = manager.options
    ++ lib.optionals (cfg.stateDir != null) [ "--state-dir" cfg.stateDir ]
    ++ lib.optional cfg.forceDisableUserChange "--force-disable-user-change";

  name = "nixproc-${cfg.processManager}" + lib.optionalString (cfg.profile != "processes") "-${cfg.profile}";
in
{
  options.services.nixproc = {
    enable = mkEnableOption "a set of processes that nixproc deploys";

    package = mkOption {
      type = types.package;
      default = (import ../tools { inherit pkgs; }).nixproc;
      defaultText = "the one of this tree";
      description = "The package of nixproc.";
    };

    processManager = mkOption {
      type = types.enum [ "docker" "s6-rc" "supervisord" "systemd" "sysvinit" ];
      default = "systemd";
      description = "What runs the processes. It is started, too, where that needs a service of its own.";
    };

    processes = mkOption {
      type = types.raw;
      example = "./processes.nix";
      description = "The processes model: a path, a function of its arguments, or a set of processes.";
    };

    extraParams = mkOption {
      type = types.attrs;
      default = { };
      description = "More arguments of the model.";
    };

    profile = mkOption {
      type = types.strMatching "[a-zA-Z0-9_-]+";
      default = "processes";
      description = "Name of the Nix profile.";
    };

    stateDir = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "Where all state is; null stands for the model's own default, or else /var.";
    };

    forceDisableUserChange = mkOption {
      type = types.bool;
      default = false;
      description = "Create no users and groups, and run all processes as root.";
    };
  };

  config = mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.forceDisableUserChange || config.users.mutableUsers;
        message = "services.nixproc makes users and groups, which users.mutableUsers = false removes again: set services.nixproc.forceDisableUserChange";
      }
      {
        assertion = cfg.processManager == "docker" -> config.virtualisation.docker.enable;
        message = "services.nixproc.processManager is docker, which virtualisation.docker.enable does not enable";
      }
    ];

    environment.systemPackages = [ cfg.package ];

    systemd.services = manager.services // {
      ${name} = {
        description = "Processes of the profile ${cfg.profile}, with ${cfg.processManager}";
        wantedBy = [ "multi-user.target" ];
        after = [ "local-fs.target" "network.target" ] ++ manager.needs;
        # So that this one stops first, whichever of them is told to.
        requires = manager.needs;
        reloadIfChanged = true;
        path = [ pkgs.bash pkgs.shadow ] ++ manager.path;
        environment = manager.environment;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          # What init scripts have started is none of systemd's business: our
          # commands stop it, in order.
          KillMode = "process";
          TimeoutStopSec = "5min";
          ExecStart = pkgs.writeShellScript "nixproc-start" "exec ${command "deploy" options} --no-rollback ${profile}\n";
          ExecReload = pkgs.writeShellScript "nixproc-reload" "exec ${command "deploy" options} ${profile}\n";
          ExecStop = pkgs.writeShellScript "nixproc-stop" ''
            if [ "$(systemctl is-system-running)" = stopping ]; then
              ${if manager.stop == null then "exit 0" else "exec ${command manager.stop.action manager.stop.options}"}
            fi
            exec ${command "deploy" options} ${emptyProfile}
          '';
        };
      };
    };
  };
}
