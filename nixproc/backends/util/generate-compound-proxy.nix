# A script that stands in the foreground for what one command starts and another
# one stops: it stops it all when it is asked to end, also while it is still
# starting.

{ stdenv, lib, writeTextFile }:

{ startCommand
, stopCommand
  # Packages whose programs come first on the PATH.
, path ? [ ]
}:

writeTextFile {
  name = "compound-proxy-script";
  executable = true;
  text = ''
    #!${stdenv.shell} -e
    export PATH=${lib.escapeShellArg (builtins.concatStringsSep ":" (map (package: "${package}/bin") path))}:"$PATH"

    stop() {
      trap "" TERM INT
      [ -z "$pid" ] || kill "$pid"
      ${stopCommand}
      exit 0
    }

    pid=
    trap stop TERM INT

    ${startCommand}

    # A shell acts on signals only between commands, but in the midst of a wait.
    tail -f /dev/null &
    pid=$!
    wait "$pid"
  '';
}
