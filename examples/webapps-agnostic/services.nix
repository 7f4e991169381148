# The web application and its reverse proxy as services of Disnix, so that each
# may be on a machine of its own:
#
#   disnix-env -s services.nix -i infrastructure.nix -d distribution.nix
#
# with `--extra-params '{ processManager = "systemd"; }'` under another process
# manager; null leaves the choice to each machine.
{ pkgs
, distribution
, invDistribution
, system
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, cacheDir ? "${stateDir}/cache"
, libDir ? "${stateDir}/lib"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, processManager ? "sysvinit"
, ids ? (if builtins.pathExists ./ids.nix then (import ./ids.nix).ids else {})
}:

let
  constructors = import ./constructors/constructors.nix {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager ids;
  };

  services = import ../services-agnostic/constructors/constructors.nix {
    inherit pkgs stateDir runtimeDir logDir cacheDir libDir tmpDir forceDisableUserChange processManager ids;
  };

  type = import ../../nixproc/derive-dysnomia-process-type.nix {
    inherit processManager;
  };
in
rec {
  webapp = rec {
    name = "webapp";
    inherit type;
    port = ids.webappPorts.webapp or 0;
    dnsName = "webapp.local";

    pkg = constructors.webapp {
      inherit port;
    };

    requiresUniqueIdsFor = [ "webappPorts" "uids" "gids" ];
  };

  nginx = rec {
    name = "nginx";
    inherit type;
    port = ids.nginxPorts.nginx or 0;

    pkg = services.nginxReverseProxyHostBased {
      inherit port;
    };

    # Disnix gives them to the function above, and says where they are.
    dependsOn = {
      inherit webapp;
    };

    requiresUniqueIdsFor = [ "nginxPorts" "uids" "gids" ];
  };
}
