# Translates the arguments of createManagedProcess into those of
# createProcessScript. A daemon is preferred; a process that can only run in the
# foreground becomes one by libslack's daemon(1).

{ createProcessScript
, writeTextFile
, stdenv
, lib
, daemon
, basePackages
, runtimeDir
, logDir
, tmpDir
, forceDisableUserChange
  # See run-shell.nix.
, coreutils ? null
}:

let
  quote = import ../util/shell-quote.nix;

  daemonPackage = daemon;

  sleep = if coreutils == null then "sleep" else "${coreutils}/bin/sleep";

  executable = name: text:
    if coreutils == null then writeTextFile { inherit name text; executable = true; }
    else import ./run-shell.nix { inherit stdenv coreutils; } name { inherit text; } ''
      printf '%s' "$text" >"$out"
      chmod 755 "$out"
    '';

  # Runs the program after the name of its pid file, which is there as long as
  # the program runs: Dysnomia takes a file that is left for a process that runs.
  # By then, it may be the file of the next process.
  # A shell lets what it runs beside itself ignore interrupts; programs rely on
  # them.
  supervise = note: builtins.concatStringsSep "; " [
    ''file=$1''
    ''shift''
    ''(trap - INT QUIT; exec "$@") & pid=$!''
    note
    ''trap 'kill -TERM "$pid"' TERM''
    ''while kill -0 "$pid" 2>/dev/null; do wait "$pid"; done''
    ''{ read -r now <"$file" && [ "$now" = "$pid" ]; } 2>/dev/null || exit 0''
    ''rm -f "$file" 2>/dev/null || : >"$file"''
  ];
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

  isDaemon = daemon != null;
  program =
    if isDaemon then data.text "daemon" daemon
    else if foregroundProcess != null then data.text "foregroundProcess" foregroundProcess
    else throw "process '${name}': neither 'process', nor 'foregroundProcess', nor 'daemon' says what to run";
  command = [ program ] ++ (
    if isDaemon then data.list "daemonArgs" daemonArgs
    else data.list "foregroundProcessArgs" foregroundProcessArgs
  );

  userText = data.optional "user" user;
  changesUser = user != null && !forceDisableUserChange;

  # Whoever may not write where root does has its files elsewhere, whether or
  # not changing the user is disabled, so that it finds them by one path.
  pidFilesDir = toString (if user == null then runtimeDir else tmpDir);

  # Without a name of the instance a daemon has it where all look for it.
  itsPidFile =
    if pidFile != null then data.text "pidFile" pidFile
    else if instanceName != null then "${pidFilesDir}/${instanceName}.pid"
    else "${if isDaemon then toString runtimeDir else pidFilesDir}/${baseNameOf program}.pid";

  # Whoever starts a daemon opens its log.
  log = "${toString (if changesUser && !isDaemon then tmpDir else logDir)}/nixproc-${if instanceName == null then name else instanceName}.log";

  variables =
    let
      given = data.set "environment" environment;
      wrong = builtins.filter (variable: builtins.match "[A-Za-z_][A-Za-z0-9_]*" variable == null) (builtins.attrNames given);
    in
    if wrong == [ ] then given
    else throw "process '${name}': environment: \"${builtins.head wrong}\" can't be the name of a variable in a shell";

  bins = map (package: "${package}/bin") (basePackages ++ [ daemonPackage ] ++ data.list "path" path);

  exports = builtins.concatStringsSep ""
    ((if variables ? PATH then [ ] else [ "export PATH=${quote.always (builtins.concatStringsSep ":" bins)}:\"$PATH\"\n" ])
      ++ map (variable: "export ${variable}=${quote.always variables.${variable}}\n") (builtins.attrNames variables));

  umaskText = data.text "umask" umask;
  checkedUmask =
    if builtins.match "[0-7]{1,4}|[ugoa]*[-+=][rwxXst]*(,[ugoa]*[-+=][rwxXst]*)*" umaskText != null then umaskText
    else throw "process '${name}': umask: \"${umaskText}\" is neither an octal number such as 022 nor of the form u=rwx,g=rx";

  niceText = data.text "nice" nice;
  checkedNice =
    if builtins.match "-?[0-9]{1,2}" niceText != null then niceText
    else throw "process '${name}': nice: \"${niceText}\" is not a whole number from -20 to 19";

  # daemon(1) goes to the root directory and sets a umask of its own, unless it
  # is told which.
  daemonize = quote.words
    ([ "${daemonPackage}/bin/daemon" "--unsafe" "--inherit" "--output" log ]
      ++ lib.optionals (directory != null) [ "--chdir" (data.text "directory" directory) ]
      ++ lib.optionals changesUser [ "--user" userText ])
  + " --umask \"$(umask)\" -- "
  + quote.words ([ stdenv.shell "-c" (supervise notePid) "sh" itsPidFile ] ++ command);

  start =
    if !isDaemon then daemonize
    else if changesUser then quote.words [ "su" userText "-s" stdenv.shell "-c" (quote.words command) ]
    else quote.words command;

  # Root makes its files for a user: one who may not make them there, or who
  # would find in a directory like /tmp what others have put there.
  lendFile = file: ''
    rm -f ${quote.word file}
    (set -C && : >${quote.word file})
    chown ${quote.word userText} ${quote.word file}
  '';
  lend = lib.optionalString (!isDaemon && changesUser) (lendFile itsPidFile + ''
    if [ ! -f ${quote.word log} ] || [ -h ${quote.word log} ] || case $(stat -c '%U %h' ${quote.word log}) in ${quote.word userText}' 1') false ;; esac; then
    ${lendFile log}fi
  '');

  # Without that, it never writes through a link, nor to a file that was there.
  notePid =
    if changesUser then ''echo "$pid" >"$file"''
    else ''rm -f "$file"; (set -C && echo "$pid" >"$file") || { kill "$pid"; exit 1; }'';

  start' = lib.optionalString (nice != null) "nice -n ${checkedNice} " + start;

  keepOutput = ''
    if [ -d ${quote.word (dirOf log)} ]; then
      exec </dev/null >>${quote.word log} 2>&1
    fi
  '';

  # Dysnomia waits for a whole second where it sees no pid file at first.
  await = ''
    for count in {1..100}; do
      if [ -s ${quote.word itsPidFile} ]; then break; fi
      ${sleep} 0.01
    done
  '';

  # Daemons of older expressions, which were found by their names, may have their
  # pid file elsewhere where no user is changed.
  otherPidFile = "${toString tmpDir}/${instanceName}.pid";
  mayBeElsewhere = isDaemon && forceDisableUserChange && user == null && pidFile == null && instanceName != null
    && toString tmpDir != toString runtimeDir;
  follow = ''
    for count in {1..200}; do
      if [ -e ${quote.word itsPidFile} ] || [ -e ${quote.word otherPidFile} ]; then break; fi
      ${sleep} 0.01
    done
    if [ ! -e ${quote.word itsPidFile} ] && [ -O ${quote.word otherPidFile} ]; then
      ln -sf ${quote.word otherPidFile} ${quote.word itsPidFile}
    fi
  '';

  wrapper = executable "${baseNameOf name}-process-wrapper" (
    "#!${stdenv.shell} -e\n"
    + exports
    + lib.optionalString (umask != null) "umask ${checkedUmask}\n"
    + lib.optionalString (initialize != "" && initialize != null) "${initialize}\n"
    + lib.optionalString (directory != null) "cd ${quote.word (data.text "directory" directory)}\n"
    + lend
    + (if mayBeElsewhere then keepOutput + "${start'}\n" + follow
    else if isDaemon then keepOutput + "exec ${start'}\n" else "${start'}\n" + await)
  );

  generated = {
    inherit name dependencies credentials postInstall;
    process = wrapper // {
      nixprocWrapped = {
        inherit program;
        inherit log;
        supervised = !isDaemon;
        user = if changesUser then userText else null;
        certain = !isDaemon || pidFile != null || instanceName != null;
      };
    };
    pidFile = itsPidFile;
  };
in
createProcessScript (
  if builtins.isFunction overrides then overrides generated
  else if overrides == { } then generated
  else lib.recursiveUpdate generated overrides
)
