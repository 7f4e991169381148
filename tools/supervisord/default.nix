{ stdenv
, getopt ? null # the program needs none; it was an argument, and people give it
, pkgs ? import <nixpkgs> { inherit (stdenv.hostPlatform) system; }
, nixproc ? import ../nixproc.nix { inherit pkgs; }
}:

import ../commands.nix { inherit stdenv nixproc; name = "nixproc-supervisord-tools"; commands = ./commands; }
