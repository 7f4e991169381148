{ pkgs, stateDir, runtimeDir, forceDisableUserChange, processManager }@arguments:

let
  webapps = import ../../../examples/webapps-agnostic/constructors/constructors.nix arguments;
  services = import ../../../examples/services-agnostic/constructors/constructors.nix arguments;

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
