# Translates the arguments of createManagedProcess into those of
# createLaunchdDaemon. A process in the foreground is preferred; one that can
# only be a daemon gets a process in the foreground that stands for it.

{ createLaunchdDaemon
, stdenv
, lib
, writeTextFile
, runtimeDir ? "/var/run"
, forceDisableUserChange
  # The programs that the wrapper runs; without them, those on the PATH.
, coreutils ? null
, util-linux ? null
}:

let
  foregroundProxy = import ../util/foreground-proxy.nix { inherit stdenv coreutils util-linux; };
  shellText = import ../util/shell-text.nix { inherit stdenv; };
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
  args =
    if isDaemon then data.list "daemonArgs" daemonArgs
    else data.list "foregroundProcessArgs" foregroundProcessArgs;

  # Only root may initialize, so the process becomes its user after that.
  chainUser = if initialize != "" && user != null && !forceDisableUserChange then data.text "user" user else null;

  daemonPidFile =
    if pidFile != null then data.text "pidFile" pidFile
    else "${toString runtimeDir}/${if instanceName == null then baseNameOf program else instanceName}.pid";

  generated = {
    inherit name credentials postInstall;
    Program = program;
  } // lib.optionalAttrs (args != [ ]) { ProgramArguments = [ program ] ++ args; }
  // lib.optionalAttrs (environment != { }) { EnvironmentVariables = environment; }
  // lib.optionalAttrs (path != [ ]) { inherit path; }
  // lib.optionalAttrs (directory != null) { WorkingDirectory = data.text "directory" directory; }
  // lib.optionalAttrs (umask != null) { Umask = data.text "umask" umask; }
  // lib.optionalAttrs (nice != null) { Nice = nice; }
  // lib.optionalAttrs (user != null && chainUser == null) { UserName = data.text "user" user; };

  asked =
    if builtins.isFunction overrides then overrides generated
    else if overrides == { } then generated
    else lib.recursiveUpdate generated overrides;

  # What is to be done first may make the directory.
  directoryComesLater = initialize != "" && asked.WorkingDirectory or null != null;

  wrapping = foregroundProxy
    ++ lib.optionals (initialize != "") [ "-i" "${shellText "initialize" initialize}" ]
    ++ lib.optionals directoryComesLater [ "-d" (data.text "WorkingDirectory" asked.WorkingDirectory) ]
    ++ lib.optionals (chainUser != null) [ "-u" chainUser ]
    ++ lib.optionals isDaemon [ "-p" daemonPidFile ]
    ++ [ "--" program ];

  # Overrides see the program itself, so that they need not know about the
  # wrapper. Who puts another program in its place gets none.
  isWrapped = (isDaemon || initialize != "") && asked.Program or null == program;

  wrapped = removeAttrs asked (lib.optionals directoryComesLater [ "WorkingDirectory" ]) // {
    Program = builtins.head wrapping;
    ProgramArguments = wrapping ++ builtins.tail (asked.ProgramArguments or [ program ]);
  };
in
createLaunchdDaemon ({ inherit dependencies; } // (if isWrapped then wrapped else asked))
