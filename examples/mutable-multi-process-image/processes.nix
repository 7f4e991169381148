# Web servers, in a container that has this file as /etc/nixproc/processes.nix.
{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, processManager
}:

let
  ids = (import ./ids.nix).ids;

  createManagedProcess = import <nix-processmgmt/nixproc/create-managed-process/universal/create-managed-process-universal.nix> {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager;
  };

  server = name: rec {
    port = ids.webPorts.${name} or 0;

    pkg = createManagedProcess {
      inherit name;
      description = "Web server ${name}";
      initialize = "mkdir -p ${stateDir}/${name}/logs";
      process = "${pkgs.nginx}/bin/nginx";
      args = [
        "-p"
        "${stateDir}/${name}"
        "-c"
        (pkgs.writeText "${name}.conf" ''
          pid ${runtimeDir}/${name}.pid;
          error_log ${stateDir}/${name}/logs/error.log;
          ${pkgs.lib.optionalString (!forceDisableUserChange) "user nobody nogroup;"}
          events { }
          http {
            access_log off;
            server {
              listen ${toString port};
              location / { return 200 "${name}\n"; }
            }
          }
        '')
      ];
      foregroundProcessExtraArgs = [ "-g" "daemon off;" ];
      pidFile = "${runtimeDir}/${name}.pid";
      overrides.sysvinit.runlevels = [ 3 4 5 ];
    };

    requiresUniqueIdsFor = [ "webPorts" ];
  };
in
{
  web = server "web";
}
