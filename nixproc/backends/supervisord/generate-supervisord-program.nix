# Translates the arguments of createManagedProcess into those of
# createSupervisordProgram. A process in the foreground is preferred; one that
# can only be a daemon gets a process in the foreground that stands for it.

{ createSupervisordProgram
, stdenv
, lib
, writeTextFile
, runtimeDir
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
  quote = import ./quote.nix name;

  isDaemon = foregroundProcess == null;
  program =
    if !isDaemon then data.text "foregroundProcess" foregroundProcess
    else if daemon != null then data.text "daemon" daemon
    else throw "process '${name}': neither 'process', nor 'foregroundProcess', nor 'daemon' says what to run";
  args =
    if isDaemon then data.list "daemonArgs" daemonArgs
    else data.list "foregroundProcessArgs" foregroundProcessArgs;

  # What only root may do has to come before the process becomes its user.
  needsRoot = initialize != "" || nice != null && builtins.substring 0 1 (toString nice) == "-";
  chainUser = if needsRoot && user != null && !forceDisableUserChange then data.text "user" user else null;

  daemonPidFile =
    if pidFile != null then data.text "pidFile" pidFile
    else "${toString runtimeDir}/${if instanceName == null then baseNameOf program else instanceName}.pid";

  # What is to be done first may make the directory.
  directoryComesLater = directory != null && initialize != "";

  isWrapped = isDaemon || initialize != "" || chainUser != null;

  wrapping = lib.optionals isWrapped (foregroundProxy
    ++ lib.optionals (initialize != "") [ "-i" "${shellText "initialize" initialize}" ]
    ++ lib.optionals directoryComesLater [ "-d" (data.text "directory" directory) ]
    ++ lib.optionals (chainUser != null) [ "-u" chainUser ]
    ++ lib.optionals isDaemon [ "-p" daemonPidFile ]
    ++ [ "--" ]);

  generated = {
    inherit name path environment dependencies credentials postInstall;
    command = builtins.concatStringsSep " "
      (map (quote.word "command") (wrapping ++ [ program ])
        ++ map (quote.word "args") args);
  } // lib.optionalAttrs (directory != null && !directoryComesLater) { directory = quote.value "directory" (data.text "directory" directory); }
  // lib.optionalAttrs (umask != null) { inherit umask; }
  // lib.optionalAttrs (nice != null) { inherit nice; }
  // lib.optionalAttrs (pidFile != null) { inherit pidFile; }
  // lib.optionalAttrs (user != null && chainUser == null) { inherit user; };
in
createSupervisordProgram (
  if builtins.isFunction overrides then overrides generated
  else if overrides == { } then generated
  else lib.recursiveUpdate generated overrides
)
