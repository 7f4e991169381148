# Translates the arguments of createManagedProcess into those of
# createCygrunsrvParams. A process in the foreground is preferred; one that can
# only be a daemon gets a process in the foreground that stands for it.

{ createCygrunsrvParams
, stdenv
, lib
, writeTextFile
, runtimeDir ? "/var/run"
  # The programs that wrappers run; without them, those on the PATH.
, coreutils ? null
, util-linux ? null
}:

let
  foregroundProxy = import ../util/foreground-proxy.nix { inherit stdenv coreutils util-linux; };
  shellText = import ../util/shell-text.nix { inherit stdenv; };

  niceProgram = if coreutils == null then "nice" else "${coreutils}/bin/nice";
in

{ name
, description
, initialize
, daemon
, daemonArgs
, instanceName
, pidFile
, foregroundProcess
, foregroundProcessArgs
, path
, environment
, directory
, umask
, nice
, user
, dependencies
, credentials
, overrides
, postInstall
}:

let
  data = import ../../process/data.nix name;

  isDaemon = foregroundProcess == null;
  program =
    if !isDaemon then data.text "foregroundProcess" foregroundProcess
    else if daemon != null then data.text "daemon" daemon
    else throw "process '${name}': neither 'process', nor 'foregroundProcess', nor 'daemon' says what to run";

  daemonPidFile =
    if pidFile != null then data.text "pidFile" pidFile
    else "${toString runtimeDir}/${baseNameOf program}.pid";

  generated = {
    inherit name environment dependencies postInstall;
    environmentPath = path;
    path = program;
    args =
      if isDaemon then data.list "daemonArgs" daemonArgs
      else data.list "foregroundProcessArgs" foregroundProcessArgs;
  };

  asked =
    if builtins.isFunction overrides then overrides generated
    else if overrides == { } then generated
    else lib.recursiveUpdate generated overrides;

  # cygrunsrv itself can do none of this.
  wrapping =
    lib.optionals (umask != null) [ stdenv.shell "-c" "umask ${checkedUmask} && exec \"$@\"" stdenv.shell ]
    ++ lib.optionals (nice != null) [ niceProgram "-n" checkedNice ]
    ++ lib.optionals (isDaemon || initialize != "" || directory != null) (foregroundProxy
      ++ lib.optionals (initialize != "") [ "-i" "${shellText "initialize" initialize}" ]
      ++ lib.optionals (directory != null) [ "-d" (data.text "directory" directory) ]
      ++ lib.optionals isDaemon [ "-p" daemonPidFile ]
      ++ [ "--" ])
    ++ [ program ];

  checkedUmask =
    let text = data.text "umask" umask; in
    if builtins.match "[0-7]{1,4}" text != null then text
    else throw "process '${name}': umask: ${builtins.toJSON text} is not an octal number such as 022";

  checkedNice =
    let text = data.text "nice" nice; in
    if builtins.match "-?[0-9]{1,2}" text != null then text
    else throw "process '${name}': nice: ${builtins.toJSON text} is not a whole number";

  # Overrides see the program itself, so that they need not know about the
  # wrapper. Who puts another program in its place gets none.
  isWrapped = builtins.length wrapping > 1 && asked.path or null == program;

  params = createCygrunsrvParams (asked // lib.optionalAttrs isWrapped {
    path = builtins.head wrapping;
    args = builtins.tail wrapping ++ asked.args or [ ];
  });
in
if credentials == { } && user == null then params
else builtins.trace "warning: process '${name}': its users and groups are left out: under Cygwin, Windows has the accounts" params
