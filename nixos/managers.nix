# What each process manager needs on NixOS:
#
#   options      for our commands
#   environment  for our commands
#   path         packages that they call
#   needs        units that have to run before
#   services     the units among them that are defined here
#   stop         what stops the processes at shutdown; null where the manager does
#                so itself, when its own unit stops

{ cfg, config, pkgs }:

let
  nixproc = "${cfg.package}/bin/nixproc";
  stateDir = pkgs.lib.escapeShellArg (if cfg.stateDir == null then "/var" else cfg.stateDir);
  none = { options = [ ]; environment = { }; path = [ ]; needs = [ ]; services = { }; stop = null; };

  # A unit that runs processes. It counts as started when `ready` succeeds, and is
  # not restarted when it changes, which would stop them all.
  host = { description, path, start, ready }: {
    inherit description path;
    wantedBy = [ "multi-user.target" ];
    restartIfChanged = false;
    serviceConfig = {
      ExecStart = pkgs.writeShellScript "nixproc-host" start;
      ExecStartPost = pkgs.writeShellScript "nixproc-host-ready" ''
        for i in $(seq 100); do
          if ${ready}; then exit 0; fi
          sleep 0.1
        done
        exit 1
      '';
      Restart = "on-failure";
    };
  };
in
none // {
  sysvinit = {
    # NixOS has no runlevels of its own: this is the usual one.
    options = [ "--runlevel" "3" ];
    stop = { action = "runactivity"; options = [ "--runlevel" "3" "--reverse" "stop" ]; };
  };

  systemd = {
    # /etc/systemd/system is NixOS's own, and can't be written.
    environment.SYSTEMD_TARGET_DIR = "/run/systemd/system";
  };

  docker = {
    path = [ config.virtualisation.docker.package ];
    needs = [ "docker.service" ];
  };

  s6-rc = {
    path = [ pkgs.s6 pkgs.s6-rc pkgs.execline ];
    needs = [ "nixproc-host-s6-svscan.service" ];
    services.nixproc-host-s6-svscan = host {
      description = "Supervision tree of s6";
      path = [ pkgs.s6 pkgs.execline ];
      start = "exec ${nixproc} s6-svscan --state-dir ${stateDir}\n";
      ready = "s6-svscanctl -a ${stateDir}/run/service 2>/dev/null";
    };
  };

  supervisord = {
    environment.SUPERVISORD_CONF_DIR = "/run/nixproc-supervisord";
    needs = [ "nixproc-host-supervisord.service" ];
    services.nixproc-host-supervisord = host {
      description = "supervisord";
      path = [ pkgs.coreutils ];
      ready = "[ -S /run/nixproc-supervisord/socket ]";
      start = ''
        mkdir -p /run/nixproc-supervisord/conf.d
        rm -f /run/nixproc-supervisord/socket
        cat >/run/nixproc-supervisord/supervisord.conf <<'END'
        [supervisord]
        nodaemon = true
        logfile = /dev/null
        logfile_maxbytes = 0
        pidfile = /run/nixproc-supervisord/supervisord.pid
        [unix_http_server]
        file = /run/nixproc-supervisord/socket
        chmod = 0700
        [rpcinterface:supervisor]
        supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
        [supervisorctl]
        serverurl = unix:///run/nixproc-supervisord/socket
        [include]
        files = /run/nixproc-supervisord/conf.d/*
        END
        exec ${pkgs.python3Packages.supervisor}/bin/supervisord -c /run/nixproc-supervisord/supervisord.conf
      '';
    };
  };
}.${cfg.processManager}
