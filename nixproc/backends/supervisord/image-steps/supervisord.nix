# supervisord is the first process, and reaps what loses its parent.

{ pkgs, common, input, result }:

let
  inherit (pkgs.python3Packages) supervisor;
in
result // {
  contents = result.contents or [ ] ++ [ supervisor ];
  config = result.config or { } // {
    Cmd = [
      "${supervisor}/bin/supervisord"
      "--nodaemon"
      "--configuration"
      "/etc/supervisor/supervisord.conf"
      "--logfile"
      "${input.logDir or "/var/log"}/supervisord.log"
      "--pidfile"
      "${input.runtimeDir or "/var/run"}/supervisord.pid"
    ];
  };
}
