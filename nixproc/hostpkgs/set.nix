# The set that a nixpkgs-shaped set of programs is: builders around the programs.
{ system, lib, host, programs, path }:

let
  stdenv = import ./stdenv.nix { inherit host lib; cc = programs.gcc; };
  stdenvNoCC = stdenv;

  callPackageWith = set: function: args:
    let f = if lib.isFunction function then function else import function;
    in lib.makeOverridable f (builtins.intersectAttrs (lib.functionArgs f) set // args);

  pkgs = programs
    // import ./text-files.nix { inherit host lib stdenv; }
    // import ./trees.nix { inherit host lib stdenv; }
    // {
      inherit lib stdenv stdenvNoCC system pkgs path;
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
