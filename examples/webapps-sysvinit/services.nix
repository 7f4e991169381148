# The web application and its reverse proxy as services of Disnix, so that each
# may be on a machine of its own:
#
#   disnix-env -s services.nix -i infrastructure.nix -d distribution.nix
{ pkgs
, distribution
, invDistribution
, system
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, cacheDir ? "${stateDir}/cache"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, ids ? (if builtins.pathExists ./ids.nix then (import ./ids.nix).ids else {})
}:

let
  constructors = import ./constructors/constructors.nix {
    inherit pkgs stateDir runtimeDir logDir cacheDir tmpDir forceDisableUserChange ids;
  };

  type = import ../../nixproc/derive-dysnomia-process-type.nix {
    processManager = "sysvinit";
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

  nginxReverseProxy = rec {
    name = "nginxReverseProxy";
    inherit type;
    port = ids.nginxPorts.nginx or 0;

    pkg = constructors.nginxReverseProxy {
      inherit port;
    };

    # Disnix gives them to the function above, and says where they are.
    dependsOn = {
      inherit webapp;
    };

    requiresUniqueIdsFor = [ "nginxPorts" "uids" "gids" ];
  };
}
