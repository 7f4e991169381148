# createManagedProcess with the translation to every process manager.

{ pkgs
, stateDir
, runtimeDir
, logDir
, tmpDir
, forceDisableUserChange ? false
  # Null makes the agnostic configuration, for a process manager chosen later.
, processManager ? null
, ids ? { }
, nixprocBinary ? import ../../binary.nix { inherit pkgs; }
}:

let
  inherit (pkgs) stdenv lib writeTextFile;

  basePackages = [ pkgs.coreutils pkgs.gnused pkgs.gnugrep pkgs.inetutils ];

  createCredentials = import ../../create-credentials {
    inherit stdenv lib ids forceDisableUserChange nixprocBinary;
  };

  createDockerContainer = import ../../backends/docker/create-docker-container.nix {
    inherit stdenv lib nixprocBinary;
    hostPaths = pkgs.hostPaths or [ ];
  };

  createBSDRCScript = import ../../backends/bsdrc/create-bsdrc-script.nix {
    inherit stdenv lib writeTextFile createCredentials runtimeDir logDir tmpDir forceDisableUserChange nixprocBinary;
    rcSubr = import ../../backends/bsdrc/rcsubr.nix { inherit stdenv forceDisableUserChange; };
  };

  createProcessScript = import ../../backends/disnix/create-process-script.nix {
    inherit (pkgs) coreutils;
    inherit stdenv lib createCredentials forceDisableUserChange nixprocBinary;
  };

  createSystemVInitScript = import ../../backends/sysvinit/create-sysvinit-script.nix {
    inherit (pkgs) daemon;
    inherit stdenv lib writeTextFile createCredentials runtimeDir logDir tmpDir forceDisableUserChange nixprocBinary;
    initFunctions = import ../../backends/sysvinit/init-functions.nix {
      inherit stdenv runtimeDir;
      basePackages = basePackages ++ [ pkgs.sysvinit ];
    };
  };

  createCygrunsrvParams = import ../../backends/cygrunsrv/create-cygrunsrv-params.nix {
    inherit stdenv lib writeTextFile nixprocBinary;
  };

  createLaunchdDaemon = import ../../backends/launchd/create-launchd-daemon.nix {
    inherit stdenv lib writeTextFile createCredentials forceDisableUserChange nixprocBinary;
  };

  createSystemdService = import ../../backends/systemd/create-systemd-service.nix {
    inherit stdenv lib writeTextFile createCredentials basePackages forceDisableUserChange nixprocBinary;
  };
  wrapperPackages = { inherit (pkgs) coreutils; util-linux = pkgs.util-linux or pkgs.utillinux; };

  createSupervisordProgram = import ../../backends/supervisord/create-supervisord-program.nix ({
    inherit stdenv lib writeTextFile createCredentials basePackages runtimeDir forceDisableUserChange nixprocBinary;
    supervisor = pkgs.python3Packages.supervisor;
  } // wrapperPackages);

  s6-rc = import ../../backends/s6-rc {
    inherit (pkgs) execline s6 coreutils;
    inherit stdenv lib createCredentials logDir forceDisableUserChange nixprocBinary;
    words.daemon = import ../../backends/s6-rc/daemon.nix { inherit stdenv runtimeDir basePackages; };
  };
in
import ../agnostic/create-managed-process.nix {
  inherit processManager stdenv nixprocBinary;

  generators = {
    s6-rc = import ../../backends/s6-rc/generate-s6-rc-service.nix {
      inherit (pkgs) execline s6 coreutils;
      inherit s6-rc basePackages stdenv lib writeTextFile tmpDir runtimeDir forceDisableUserChange;
    };
    docker = import ../../backends/docker/generate-docker-container.nix {
      inherit createDockerContainer createCredentials basePackages pkgs stdenv lib writeTextFile nixprocBinary;
      inherit stateDir runtimeDir forceDisableUserChange;
      inherit (pkgs) findutils glibc shadow;
      dockerTools = pkgs.dockerTools or (throw "this set of packages has no dockerTools, which 'overrides.docker.image' needs");
    };
    bsdrc = import ../../backends/bsdrc/generate-bsdrc-script.nix {
      inherit createBSDRCScript lib;
    };
    disnix = import ../../backends/disnix/generate-process-script.nix {
      inherit (pkgs) daemon coreutils;
      inherit createProcessScript stdenv lib writeTextFile basePackages runtimeDir logDir tmpDir forceDisableUserChange;
    };
    sysvinit = import ../../backends/sysvinit/generate-sysvinit-script.nix {
      inherit createSystemVInitScript lib;
    };
    cygrunsrv = import ../../backends/cygrunsrv/generate-cygrunsrv-params.nix ({
      inherit createCygrunsrvParams stdenv lib writeTextFile runtimeDir;
    } // wrapperPackages);
    launchd = import ../../backends/launchd/generate-launchd-daemon.nix ({
      inherit createLaunchdDaemon stdenv lib writeTextFile runtimeDir forceDisableUserChange;
    } // wrapperPackages);
    systemd = import ../../backends/systemd/generate-systemd-service.nix {
      inherit createSystemdService stdenv lib writeTextFile;
    };
    supervisord = import ../../backends/supervisord/generate-supervisord-program.nix ({
      inherit createSupervisordProgram stdenv lib writeTextFile runtimeDir forceDisableUserChange;
    } // wrapperPackages);
  };
}
