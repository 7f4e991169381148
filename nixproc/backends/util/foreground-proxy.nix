# The words of a command that run a process in the foreground for a process
# manager that can do no more than that (see foreground-proxy.sh). The script is
# the same for all processes; what is particular about one are its arguments.

{ stdenv
  # Null takes the programs that are on the PATH.
, coreutils ? null
, util-linux ? null
}:

let
  shellText = import ./shell-text.nix { inherit stdenv; };

  program = package: name: if package == null then name else "${package}/bin/${name}";

  script = shellText "foreground-proxy" (builtins.replaceStrings
    [ "@date@" "@id@" "@rm@" "@sleep@" "@stat@" "@tail@" "@setpriv@" ]
    (map (program coreutils) [ "date" "id" "rm" "sleep" "stat" "tail" ] ++ [ (program util-linux "setpriv") ])
    (builtins.readFile ./foreground-proxy.sh));
in
[ stdenv.shell "${script}" ]
