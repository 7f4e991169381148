# The words that begin the command of a container (see container.sh). The script
# is the same for all; what is particular about one are its arguments.

{ stdenv, coreutils }:

let
  shellText = import ../util/shell-text.nix { inherit stdenv; };

  programs = [ "chmod" "chown" "ln" "mkdir" "nice" ];

  script = shellText "container" (builtins.replaceStrings
    (map (program: "@${program}@") programs)
    (map (program: "${coreutils}/bin/${program}") programs)
    (builtins.readFile ./container.sh));
in
[ stdenv.shell "${script}" ]
