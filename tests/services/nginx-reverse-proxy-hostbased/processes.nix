{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, cacheDir ? "${stateDir}/cache"
, libDir ? "${stateDir}/lib"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, processManager
}:

let
  parameters = {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager;
  };
  webapps = import ../../../examples/webapps-agnostic/constructors/constructors.nix parameters;
  services = import ../../../examples/services-agnostic/constructors/constructors.nix (parameters // {
    inherit cacheDir libDir;
  });

  webapp = number: rec {
    port = 4999 + number;
    dnsName = "webapp${toString number}.local";

    pkg = webapps.webapp {
      inherit port;
      instanceSuffix = toString number;
    };
  };

  # Only root may take a port below 1024.
  reverseProxy = instanceSuffix: number: webapps: rec {
    port = number + (if forceDisableUserChange then 8000 else 0);
    inherit webapps;

    pkg = services.nginxReverseProxyHostBased {
      inherit port webapps instanceSuffix;
    } {};
  };
in
rec {
  webapp1 = webapp 1;
  webapp2 = webapp 2;
  webapp3 = webapp 3;
  webapp4 = webapp 4;
  nginx = reverseProxy "" 80 [ webapp1 webapp2 webapp3 webapp4 ];

  webapp5 = webapp 5;
  webapp6 = webapp 6;
  nginx2 = reverseProxy "2" 81 [ webapp5 webapp6 ];
}
