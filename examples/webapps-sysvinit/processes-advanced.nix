# Two reverse proxies: one in front of four web applications, one in front of two.
{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, cacheDir ? "${stateDir}/cache"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, ids ? (if builtins.pathExists ./ids-advanced.nix then (import ./ids-advanced.nix).ids else {})
}:

let
  constructors = import ./constructors/constructors.nix {
    inherit pkgs stateDir runtimeDir logDir cacheDir tmpDir forceDisableUserChange ids;
  };

  webapp = instanceSuffix: rec {
    port = ids.webappPorts."webapp${instanceSuffix}" or 0;
    dnsName = "webapp${instanceSuffix}.local";

    pkg = constructors.webapp {
      inherit port instanceSuffix;
    };

    requiresUniqueIdsFor = [ "webappPorts" "uids" "gids" ];
  };

  reverseProxy = instanceSuffix: webapps: rec {
    port = ids.nginxPorts."nginx${instanceSuffix}" or 0;

    pkg = constructors.nginxReverseProxy {
      inherit port webapps instanceSuffix;
    } {};

    requiresUniqueIdsFor = [ "nginxPorts" "uids" "gids" ];
  };
in
rec {
  webapp1 = webapp "1";
  webapp2 = webapp "2";
  webapp3 = webapp "3";
  webapp4 = webapp "4";
  nginx = reverseProxy "" [ webapp1 webapp2 webapp3 webapp4 ];

  webapp5 = webapp "5";
  webapp6 = webapp "6";
  nginx2 = reverseProxy "2" [ webapp5 webapp6 ];
}
