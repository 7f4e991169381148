# Constructor functions that make sysvinit scripts, without the layer that
# knows of other process managers.
{ pkgs
, stateDir
, cacheDir ? "${stateDir}/cache"
, logDir ? "${stateDir}/log"
, runtimeDir ? "${stateDir}/run"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, ids ? {}
}:

let
  createSystemVInitScript = import ../../../nixproc/backends/sysvinit/create-sysvinit-script.nix {
    inherit (pkgs) stdenv writeTextFile lib daemon;
    inherit runtimeDir logDir tmpDir forceDisableUserChange;

    createCredentials = import ../../../nixproc/create-credentials {
      inherit (pkgs) stdenv lib;
      inherit ids forceDisableUserChange;
    };

    initFunctions = import ../../../nixproc/backends/sysvinit/init-functions.nix {
      inherit (pkgs) stdenv fetchurl;
      inherit runtimeDir;
      basePackages = [ pkgs.coreutils pkgs.gnused pkgs.inetutils pkgs.gnugrep pkgs.sysvinit ];
    };
  };
in
{
  webapp = import ./webapp {
    inherit createSystemVInitScript tmpDir;
  };

  nginxReverseProxy = import ./nginx/nginx-reverse-proxy.nix {
    inherit createSystemVInitScript stateDir logDir cacheDir runtimeDir forceDisableUserChange;
    inherit (pkgs) stdenv lib writeTextFile nginx;
  };
}
