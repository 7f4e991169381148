# A nixpkgs-shaped set made of this host's own programs, so that models can be
# evaluated and built on a machine that has Nix but neither nixpkgs nor a
# binary cache:
#
#   NIX_PATH=nixpkgs=…/nixproc/hostpkgs nix-build …
#
# Packages are trees of links into the host, so they are good for this machine
# only, and what they link to follows the host's upgrades. It needs impure
# evaluation. Called like nixpkgs; config, overlays and so on are ignored.
{ system ? builtins.currentSystem, ... }:

let
  lib = import ./lib.nix;
  host = import ./host.nix { inherit system; };
  programs = builtins.mapAttrs (import ./host-package.nix { inherit host; }) (import ./host-programs.nix);

  stdenv = import ./stdenv.nix { inherit host lib; cc = programs.gcc; };
  stdenvNoCC = stdenv;

  callPackageWith = set: function: args:
    let f = if lib.isFunction function then function else import function;
    in lib.makeOverridable f (builtins.intersectAttrs (lib.functionArgs f) set // args);

  pkgs = programs
    // import ./text-files.nix { inherit host lib stdenv; }
    // import ./trees.nix { inherit host lib stdenv; }
    // {
      inherit lib stdenv stdenvNoCC system pkgs;
      inherit (stdenv) hostPlatform buildPlatform targetPlatform;
      inherit (lib) makeOverridable;
      callPackage = callPackageWith pkgs;
      newScope = extra: callPackageWith (pkgs // extra);
      fetchurl = import ./fetchurl.nix { inherit host lib; };
      buildGoModule = import ./build-go-module.nix { inherit lib stdenv; inherit (programs) go; };

      # Where the links in packages lead to: a container has to see these too.
      hostPaths = builtins.filter builtins.pathExists
        [ "/bin" "/etc/alternatives" "/etc/ld.so.cache" "/etc/mime.types" "/etc/ssl/certs" "/lib" "/lib64" "/usr" ];

      # What an interactive shell is to have; built, it is nothing.
      mkShell = attrs: stdenv.mkDerivation ({
        name = "shell";
        nativeBuildInputs = attrs.packages or [ ];
        buildCommand = "mkdir -p $out";
      } // removeAttrs attrs [ "packages" ]);

      path = ./.;
      config = { };
      buildPackages = pkgs;
      runtimeShell = host.shell;
      bashInteractive = programs.bash;
      runtimeShellPackage = programs.bash;
      cc = programs.gcc;
      utillinux = programs.util-linux;
      libuuid = programs.util-linux;
      killall = programs.psmisc;
      hostname = programs.inetutils;
      mysql = programs.mariadb;
      jdk8 = programs.jdk;
      jre8 = programs.jre;
      php = programs.php // { override = args: if args.apxs2Support or false then programs.php-apache else programs.php; };
      python = programs.python3;
      python3Packages = { inherit (programs) supervisor; python = programs.python3; };
    };
in
pkgs
