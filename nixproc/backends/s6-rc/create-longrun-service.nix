# Creates a longrun service: a process in the foreground that s6-supervise runs.
# The files are those of https://skarnet.org/software/s6-rc/s6-rc-compile.html
# and https://skarnet.org/software/s6/servicedir.html.

{ stdenv
, lib
, createCredentials
, createLogServiceForLongRunService
  # The accounts that its log service needs.
, logCredentials ? { }
, execline ? null
, s6 ? null
, coreutils ? null
, nixprocBinary ? import ../../binary.nix { }
}:

let
  createPackage = import ../../process/package.nix { inherit stdenv nixprocBinary; };

  inherit (import ./programs.nix { inherit stdenv execline s6 coreutils; }) settings;
in

{ name
  # "s6-rc -d change" does not stop it, only -D does.
, flagEssential ? false
  # The script that becomes the process: a path, or a text by writeTextFile.
, run
  # A script that runs when the process has ended.
, finish ? null
, dependencies ? [ ]
  # File descriptor on which the process says that it is ready.
, notificationFd ? null
  # Milliseconds: until it is up and ready, until it is down, until a process
  # that does not end is killed, until a finish script is killed.
, timeoutUp ? null
, timeoutDown ? null
, timeoutKill ? null
, timeoutFinish ? null
  # The process does not become the leader of a session.
, nosetsid ? false
  # How many deaths s6-supervise remembers.
, maxDeathTally ? null
, downSignal ? null
  # Directories that the service directory gets.
, data ? null
, env ? null
  # Services at the other ends of pipes.
, producerFor ? null
, consumerFor ? [ ]
, pipelineName ? null
  # Makes a service NAME-log that writes down what this one, NAME-srv, says;
  # NAME is both.
, autoGenerateLogService ? true
, credentials ? { }
, postInstall ? ""
}:

let
  define = import ./definition.nix name;

  checked = import ../../process/data.nix name;

  logService = createLogServiceForLongRunService { inherit name; };
  log =
    if !autoGenerateLogService then { services = { }; }
    else logService.nixproc.parameters or (throw "process '${name}': createLogServiceForLongRunService is one of an older framework");

  serviceName = if autoGenerateLogService then "${name}-srv" else name;

  given = checked.anySet "credentials" credentials;
  accounts = if autoGenerateLogService then lib.recursiveUpdate logCredentials given else given;
in
createPackage {
  manager = "s6-rc";
  inherit name dependencies postInstall settings;
  packageName = serviceName;

  credentials = if accounts == { } then null else createCredentials accounts;

  parameters = {
    main = serviceName;
    requires = map (define.nameOf "dependencies") (checked.anyList "dependencies" dependencies);
    services = log.services // {
      ${serviceName} = define.type "longrun"
        // define.flag "flag-essential" flagEssential
        // define.script "run" run
        // define.script "finish" finish
        // define.number "notification-fd" notificationFd
        // define.number "timeout-up" timeoutUp
        // define.number "timeout-down" timeoutDown
        // define.number "timeout-kill" timeoutKill
        // define.number "timeout-finish" timeoutFinish
        // define.flag "nosetsid" nosetsid
        // define.number "max-death-tally" maxDeathTally
        // define.line "down-signal" downSignal
        // define.tree "data" data
        // define.tree "env" env
        // define.service "producer-for" (if autoGenerateLogService then logService else producerFor)
        // define.services "consumer-for" (checked.anyList "consumerFor" consumerFor)
        // define.line "pipeline-name" pipelineName;
    };
  } // (if log ? log then { inherit (log) log; } else { });
}
