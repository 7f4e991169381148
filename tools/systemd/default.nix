{ stdenv
, getopt ? null # the program needs none; it was an argument, and people give it
, nixproc ? import ../nixproc.nix { pkgs = import <nixpkgs> { inherit (stdenv.hostPlatform) system; }; }
}:

import ../commands.nix { inherit stdenv nixproc; name = "nixproc-systemd-tools"; commands = ./commands; }
