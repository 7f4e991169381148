# Constructor functions for services that several examples share.
{ pkgs
, stateDir
, logDir ? "${stateDir}/log"
, runtimeDir ? "${stateDir}/run"
, cacheDir ? "${stateDir}/cache"
, libDir ? "${stateDir}/lib"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, forceDisableUserChange ? false
, processManager
, ids ? {}
}:

let
  createManagedProcess = import ../../../nixproc/create-managed-process/universal/create-managed-process-universal.nix {
    inherit pkgs runtimeDir stateDir logDir tmpDir forceDisableUserChange processManager ids;
  };
in
{
  nginx = import ./nginx {
    inherit createManagedProcess stateDir runtimeDir cacheDir forceDisableUserChange;
    inherit (pkgs) lib nginx;
  };

  nginxReverseProxyHostBased = import ./nginx/nginx-reverse-proxy-hostbased.nix {
    inherit createManagedProcess stateDir runtimeDir cacheDir forceDisableUserChange;
    inherit (pkgs) stdenv lib writeTextFile nginx;
  };

  postgresql = import ./postgresql {
    inherit createManagedProcess stateDir runtimeDir forceDisableUserChange;
    inherit (pkgs) lib writeTextFile postgresql util-linux;
  };

  redis = import ./redis {
    inherit createManagedProcess libDir forceDisableUserChange;
    inherit (pkgs) lib writeTextFile redis;
  };

  sshd = import ./sshd {
    inherit createManagedProcess libDir runtimeDir forceDisableUserChange;
    inherit (pkgs) lib writeTextFile openssh;
  };

  supervisord = import ./supervisord {
    inherit createManagedProcess runtimeDir logDir;
    inherit (pkgs.python3Packages) supervisor;
  };

  extendableSupervisord = import ./supervisord/extendable.nix {
    inherit createManagedProcess libDir runtimeDir logDir;
    inherit (pkgs) writeTextFile;
    inherit (pkgs.python3Packages) supervisor;
  };

  apache = import ./apache {
    inherit createManagedProcess cacheDir;
    inherit (pkgs) apacheHttpd;
  };

  simpleWebappApache = import ./apache/simple-webapp-apache.nix {
    inherit createManagedProcess logDir runtimeDir cacheDir forceDisableUserChange;
    inherit (pkgs) lib writeTextFile apacheHttpd;
  };

  docker = import ./docker {
    inherit createManagedProcess runtimeDir libDir;
    inherit (pkgs) docker kmod;
  };

  s6-svscan = import ./s6-svscan {
    inherit createManagedProcess runtimeDir;
    inherit (pkgs) s6 execline;
  };
}
