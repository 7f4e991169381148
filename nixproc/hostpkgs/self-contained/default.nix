# A nixpkgs-shaped set like hostpkgs, whose packages are copies of the host's
# programs with the libraries that they need: their closures are all that a
# container, or a build in a sandbox, has to have.
#
#   NIX_PATH=nixpkgs=…/nixproc/hostpkgs/self-contained nix-build …
#
# To make the copies, Nix has to see the host (sandbox = false, or
# extra-sandbox-paths = /usr /bin /lib /lib64 /etc), and patchelf; so has a build
# with a compiler, which stays the host's. What is built with these packages, needs neither.
{ system ? builtins.currentSystem, ... }:

let
  lib = import ../lib.nix;
  host = import ../host.nix { inherit system; };
  entries = import ../host-programs.nix;
  changes = import ./changes.nix { inherit host lib programs; };

  libraries = import ./libraries.nix { inherit host lib; };
  contain = shell: import ./package.nix { inherit host libraries shell; };
  bash = contain null "bash" changes.bash;

  # What only builds is not copied: nobody wants a compiler in a container.
  tools = [ "binutils" "gcc" "gnumake" "go" "jdk" "libmicrohttpd" "pkg-config" ];
  programs = builtins.mapAttrs (contain bash) (entries // changes)
    // builtins.mapAttrs (import ../host-package.nix { inherit host; }) (lib.getAttrs tools entries)
    // { inherit bash; };

  contained = host // rec {
    shell = "${bash}/bin/bash";
    searchPath = lib.makeBinPath (with programs; [ coreutils gnused gnugrep findutils diffutils gnutar gzip patchelf ]) + ":${host.searchPath}";
    fixup = {
      contain = ./contain.sh;
      containLibraries = libraries;
      containInterpreters = [ shell "${bash}/bin/sh" ];
    };
    shellDerivation = name: env: script: host.shellDerivation name ({ builder = shell; PATH = searchPath; } // env) script;
  };
in
import ../set.nix {
  inherit system lib programs;
  host = contained;
  path = ./.;
} // {
  hostPaths = [ ];
  inherit (programs) cacert;
}
