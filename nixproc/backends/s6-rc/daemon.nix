# The words that begin a command which starts a daemon, or stops it, by its pid
# file (see daemon.sh). They are the same for all processes.

{ stdenv, runtimeDir, basePackages }:

let
  shellText = import ../util/shell-text.nix { inherit stdenv; };

  # What a pid file says is judged by the same rules everywhere.
  functions = import ../sysvinit/init-functions.nix { inherit stdenv runtimeDir basePackages; };
in
"${stdenv.shell} ${shellText "daemon" (builtins.readFile ./daemon.sh)} ${functions}"
