# A nixpkgs-shaped set like hostpkgs, whose packages are copies of the host's
# programs with the libraries that they need: their closures are all that a
# container, or a build in a sandbox, has to have.
#
#   NIX_PATH=nixpkgs=…/nixproc/hostpkgs/self-contained nix-build …
#
# To make the copies, Nix has to see the host (sandbox = false, or
# extra-sandbox-paths = /usr /bin /lib /lib64 /etc), and patchelf; so has a build
# with a compiler, which stays the host's. What is built with these packages needs neither.
{ system ? builtins.currentSystem
  # Paths of the packages, where there is no host to copy from: see frozen.nix.
, frozen ? null
, ...
}:

let
  lib = import ../lib.nix;
  host = import ../host.nix { inherit system; };
  entries = import ../host-programs.nix;
  changes = import ./changes.nix { inherit host lib programs; };

  libraries = import ./libraries.nix { inherit host lib; };
  contain = shell: import ./package.nix { inherit host libraries shell; };
  bash = contain null "bash" changes.bash;

  # What only builds is not copied: nobody wants a compiler in a container.
  compilers = [ "binutils" "gcc" "gnumake" "go" "jdk" "libmicrohttpd" "pkg-config" ];
  copied = builtins.mapAttrs (contain bash) (entries // changes)
    // builtins.mapAttrs (import ../host-package.nix { inherit host; }) (lib.getAttrs compilers entries)
    // { inherit bash; };

  found = name: entry: import ../described.nix {
    inherit name;
    programs = entry.programs or [ ];
    passthru = entry.passthru or { };
    description = "${name}, self-contained";
    package = {
      type = "derivation";
      inherit name system;
      outPath =
        if frozen ? ${name} && builtins.pathExists frozen.${name} then builtins.storePath frozen.${name}
        else throw "hostpkgs: ${name} is not in this store, and there is no host to copy it from: put it into the contents of the image";
    };
  };

  programs = if frozen == null then copied else builtins.mapAttrs found (entries // changes);

  tools = map (name: programs.${name}) [ "coreutils" "gnused" "gnugrep" "findutils" "diffutils" "gnutar" "gzip" ];

  contained = host // rec {
    shell = "${programs.bash}/bin/bash";
    searchPath = lib.makeBinPath tools + lib.optionalString (frozen == null) ":${programs.patchelf}/bin:${host.searchPath}";
    shellDerivation = name: env: script: host.shellDerivation name ({ builder = shell; PATH = searchPath; } // env) script;
  } // lib.optionalAttrs (frozen == null) {
    fixup = {
      contain = ./contain.sh;
      containLibraries = libraries;
      containInterpreters = [ "${bash}/bin/bash" "${bash}/bin/sh" ];
    };
  };
in
import ../set.nix {
  inherit system lib programs;
  host = contained;
  path = ./.;
} // {
  hostPaths = [ ];
  inherit (programs) cacert;
} // lib.optionalAttrs (frozen == null) {
  frozen = import ./frozen.nix { inherit lib programs; host = contained; tools = tools ++ [ programs.bash ]; };
}
