# Translates the arguments of createManagedProcess into those of a service of
# s6-rc. A process in the foreground is a longrun; one that can only be a daemon
# is a oneshot, which starts it and stops it by its pid file.

{ s6
, s6-rc
, basePackages
, stdenv
, lib
, writeTextFile
, execline
, tmpDir
, runtimeDir
, forceDisableUserChange
  # Without it, nice(1) is the one on the PATH of the process.
, coreutils ? null
}:

let
  quote = import ./quote.nix;

  programs = import ./programs.nix { inherit stdenv execline s6 coreutils; };

  daemonWords = import ./daemon.nix { inherit stdenv runtimeDir basePackages; };
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

  inForeground = foregroundProcess != null;

  program =
    if inForeground then data.text "foregroundProcess" foregroundProcess
    else if daemon != null then data.text "daemon" daemon
    else throw "process '${name}': neither 'process', nor 'foregroundProcess', nor 'daemon' says what to run";

  args =
    if inForeground then data.list "foregroundProcessArgs" foregroundProcessArgs
    else data.list "daemonArgs" daemonArgs;

  searched = map (package: "${package}/bin") (basePackages ++ [ execline s6 ] ++ data.anyList "path" path);
  variables = { PATH = builtins.concatStringsSep ":" searched; } // data.set "environment" environment;

  variable = key:
    if key == "" || builtins.match "[^=]*" key == null
    then throw "process '${name}': environment: ${builtins.toJSON key} can't be the name of a variable"
    else quote.line [ programs.export (quote.word key) (quote.quoted variables.${key}) ];

  given = value: text: if value == null then "" else text;

  account = if forceDisableUserChange then null else user;

  checkedUmask =
    let text = data.text "umask" umask; in
    if builtins.match "[0-7]{1,4}" text == null
    then throw "process '${name}': umask: ${builtins.toJSON text} is not an octal number such as 022"
    else text;

  checkedNice =
    let text = data.text "nice" nice; in
    if builtins.match "-?[0-9]{1,2}" text == null
    then throw "process '${name}': nice: ${builtins.toJSON text} is not a whole number from -20 to 19"
    else text;

  # What is set before the process runs; root's part comes first.
  prepared =
    builtins.concatStringsSep "" (map variable (builtins.attrNames variables))
    + given umask (quote.line [ programs.execline-umask checkedUmask ])
    + (if initialize == "" then "" else
    quote.line [ programs.if_ "{" stdenv.shell "-e" "-c" (quote.quoted (data.text "initialize" initialize)) "}" ])
    # Not the service directory, nor that of whoever runs oneshots.
    + quote.line [ programs.execline-cd (quote.quoted (if directory == null then "/" else data.text "directory" directory)) ];

  # A negative one is root's to give.
  niced = given nice (quote.line [ programs.nice "-n" checkedNice ]);
  asUser = given account (quote.line [ programs.s6-setuidgid (quote.quoted (data.text "user" account)) ]);

  # Always in quotes, which tells it from the programs before it.
  command = quote.line (map quote.quoted ([ program ] ++ args));

  daemonPidFile =
    if pidFile != null then data.text "pidFile" pidFile
    else "${toString (if user == null then runtimeDir else tmpDir)}/${if instanceName == null then baseNameOf program else instanceName}.pid";

  # What starts a daemon is nobody's child for long: nothing reads its output.
  log = if s6-rc ? logDir then "${toString s6-rc.logDir}/nixproc-${if instanceName == null then name else instanceName}.log" else null;

  standsForDaemon = verb: [ daemonWords verb ]
    ++ lib.optionals (account != null) [ "-u" (quote.quoted (data.text "user" account)) ]
    ++ [ (quote.quoted daemonPidFile) (quote.quoted program) ];

  file = fileName: text: writeTextFile { name = fileName; inherit text; } // { inherit text; };

  common = { inherit name dependencies credentials postInstall; };

  generated = common // (
    if inForeground then {
      run = file "run" ("#!${programs.execlineb} -P\n"
        # The log service has one input.
        + quote.line [ programs.fdmove "-c" "2" "1" ]
        + prepared + niced + asUser + command);
    }
    else {
      up = file "up" (given log (quote.line [ programs.redirfd "-a" "1" (quote.quoted log) ] + quote.line [ programs.fdmove "-c" "2" "1" ])
        + prepared + quote.line (standsForDaemon "start") + niced + asUser + command);
      down = file "down" (quote.line (standsForDaemon "stop"));
    }
  );

  # A file is replaced, whatever its value looks like inside.
  replaced = builtins.filter (file: overrides ? ${file}) [ "run" "up" "down" ];

  changed =
    if builtins.isFunction overrides then overrides generated
    else if overrides == { } then generated
    else lib.recursiveUpdate (removeAttrs generated replaced) overrides;
in
if inForeground then s6-rc.createLongRunService changed
else
  s6-rc.createOneShotService (changed // {
    daemon = { pidFile = daemonPidFile; inherit program; }
      // (if log == null then { } else { inherit log; })
      // (if account == null then { } else { user = data.text "user" account; });
  })
