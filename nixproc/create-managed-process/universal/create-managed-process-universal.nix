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

  createSystemdService = import ../../backends/systemd/create-systemd-service.nix {
    inherit stdenv lib writeTextFile createCredentials basePackages forceDisableUserChange nixprocBinary;
  };
  wrapperPackages = { inherit (pkgs) coreutils; util-linux = pkgs.util-linux or pkgs.utillinux; };

  createSupervisordProgram = import ../../backends/supervisord/create-supervisord-program.nix ({
    inherit stdenv lib writeTextFile createCredentials basePackages runtimeDir forceDisableUserChange nixprocBinary;
    supervisor = pkgs.python3Packages.supervisor;
  } // wrapperPackages);
in
import ../agnostic/create-managed-process.nix {
  inherit processManager stdenv nixprocBinary;

  generators = {
    disnix = import ../../backends/disnix/generate-process-script.nix {
      inherit (pkgs) daemon coreutils;
      inherit createProcessScript stdenv lib writeTextFile basePackages runtimeDir logDir tmpDir forceDisableUserChange;
    };
    sysvinit = import ../../backends/sysvinit/generate-sysvinit-script.nix {
      inherit createSystemVInitScript lib;
    };
    systemd = import ../../backends/systemd/generate-systemd-service.nix {
      inherit createSystemdService stdenv lib writeTextFile;
    };
    supervisord = import ../../backends/supervisord/generate-supervisord-program.nix ({
      inherit createSupervisordProgram stdenv lib writeTextFile runtimeDir forceDisableUserChange;
    } // wrapperPackages);
  };
}
