# A script that runs a process in the foreground for a process manager that can
# do no more than that: it does what has to be done before, becomes the process's
# user, and stands for a daemon (see foreground-proxy.sh). Its own arguments are
# those of the process.

{ stdenv
, lib
, writeTextFile
  # The programs that the script runs; without them, those on the PATH.
, coreutils ? null
, util-linux ? null
}:

let
  quote = import ./shell-quote.nix;
in

{ name
, wrapDaemon
, initialize
, executable
, stdenv
, runtimeDir
, instanceName ? null
, pidFile ? (if instanceName == null then null else "${runtimeDir}/${instanceName}.pid")
, user ? null
, nice ? null
, directory ? null
, umask ? null
}:

let
  foregroundProxy = import ./foreground-proxy.nix { inherit stdenv coreutils util-linux; };
  shellText = import ./shell-text.nix { inherit stdenv; };

  program = toString executable;

  words = foregroundProxy
    ++ lib.optionals (initialize != "") [ "-i" "${shellText "initialize" initialize}" ]
    ++ lib.optionals (directory != null) [ "-d" (toString directory) ]
    ++ lib.optionals (user != null) [ "-u" user ]
    ++ lib.optionals wrapDaemon [ "-p" (if pidFile == null then "${toString runtimeDir}/${baseNameOf program}.pid" else toString pidFile) ]
    ++ [ "--" program ];
in
writeTextFile {
  name = "${name}-foregroundproxy.sh";
  executable = true;
  text = "#!${stdenv.shell} -e\n"
    + lib.optionalString (umask != null) "umask ${umask}\n"
    + "exec ${lib.optionalString (nice != null) "nice -n ${toString nice} "}${quote.words words} \"$@\"\n";
}
