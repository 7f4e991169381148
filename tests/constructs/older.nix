# A model of older checkouts: their paths, and no more arguments than they had.

{ pkgs ? import <nixpkgs> { inherit system; }
, system ? builtins.currentSystem
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, tmpDir ? "/tmp"
, forceDisableUserChange ? false
, processManager
}:

let
  create = import ../../nixproc/create-managed-process/agnostic/create-managed-process-universal.nix {
    inherit pkgs runtimeDir tmpDir forceDisableUserChange processManager;
  };

  script = import ../../nixproc/create-managed-process/sysvinit/create-sysvinit-script.nix {
    inherit (pkgs) stdenv lib writeTextFile daemon;
    inherit runtimeDir tmpDir forceDisableUserChange;
    createCredentials = import ../../nixproc/create-credentials {
      inherit (pkgs) stdenv lib;
      inherit forceDisableUserChange;
    };
    initFunctions = import ../../nixproc/create-managed-process/sysvinit/init-functions.nix {
      inherit (pkgs) stdenv fetchurl;
      inherit runtimeDir;
      basePackages = [ pkgs.coreutils pkgs.gnused ];
    };
  };
in
{
  agnostic.pkg = create {
    name = "agnostic";
    process = "${pkgs.coreutils}/bin/sleep";
    foregroundProcessExtraArgs = [ 1000 ];
    overrides.sysvinit.runlevels = [ 3 ];
  };
} // pkgs.lib.optionalAttrs (processManager == "sysvinit") {
  script.pkg = script {
    name = "script";
    process = "${pkgs.coreutils}/bin/sleep";
    runlevels = [ 3 ];
    environment.PORT = 1;
  };
}
