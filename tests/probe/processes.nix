# Processes that write down how they were started: in the foreground and as
# daemons, as users of their own and as root, with values that a shell, a
# printf, or a manager's own file format would make something else of.

{ pkgs
, stateDir
, runtimeDir
, logDir
, tmpDir
, forceDisableUserChange
, processManager
  # JSON files: a set and a list of strings, numbers, booleans and lists.
, environmentFile
, argsFile
, nixproc
}:

let
  createManagedProcess = import (nixproc + "/create-managed-process/universal/create-managed-process-universal.nix") {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager;
  };

  json = file: builtins.fromJSON (builtins.readFile file);

  probe = pkgs.writeTextFile {
    name = "probe";
    destination = "/bin/probe";
    executable = true;
    text = "#!/bin/sh\n" + builtins.readFile ./probe.sh;
  };

  # A program that is found only if PATH leads to it.
  marker = pkgs.writeTextFile {
    name = "marker";
    destination = "/bin/nixproc-test-marker";
    executable = true;
    text = "#!/bin/sh\necho found\n";
  };

  process = { form, asRoot, nice }:
    let
      instanceName = "np${form}${if asRoot then "root" else "user"}";
      dump = "${stateDir}/dump/${instanceName}";
      directory = "${stateDir}/work dir/${instanceName}";
      account = if asRoot || forceDisableUserChange then "root" else instanceName;
    in
    {
      name = instanceName;
      value.pkg = createManagedProcess ({
        inherit instanceName nice directory;
        umask = "027";
        path = [ marker pkgs.coreutils ]; # some process managers add nothing to it
        environment = json environmentFile // {
          PID_FILE = "${if asRoot then runtimeDir else tmpDir}/${instanceName}.pid";
        };
        args = [ dump form ] ++ json argsFile;
        initialize = ''
          mkdir -p '${dump}' '${directory}'
          chmod 755 '${stateDir}/dump' '${dump}' '${stateDir}/work dir' '${directory}' # the umask holds here too
          id -u >'${dump}/initialized by'
          chown ${account}:${account} '${dump}'
        '';
        overrides.sysvinit.runlevels = [ 3 ];
      } // (if processManager == "sysvinit" then { } else {
        # Others look below the runtime directory, whoever the process runs as.
        pidFile = "${if asRoot then runtimeDir else tmpDir}/${instanceName}.pid";
      }) // {
        foreground.foregroundProcess = "${probe}/bin/probe";
        daemon.daemon = "${probe}/bin/probe";
      }.${form} // (if asRoot then { } else {
        user = instanceName;
        credentials = {
          groups.${instanceName} = { };
          users.${instanceName}.group = instanceName;
        };
      }));
    };
in
builtins.listToAttrs (map process [
  { form = "foreground"; asRoot = false; nice = -5; }
  { form = "foreground"; asRoot = true; nice = 7; }
  { form = "daemon"; asRoot = false; nice = 6; }
  { form = "daemon"; asRoot = true; nice = -4; }
]) // {
  # One of which nothing is said that can be left unsaid.
  npplain.pkg = createManagedProcess {
    instanceName = "npplain";
    foregroundProcess = "${probe}/bin/probe";
    args = [ "${stateDir}/dump/npplain" "foreground" ] ++ json argsFile;
    environment = json environmentFile;
    path = [ marker pkgs.coreutils ]; # as above
    initialize = ''
      mkdir -p '${stateDir}/dump/npplain'
      id -u >'${stateDir}/dump/npplain/initialized by'
    '';
    overrides.sysvinit.runlevels = [ 3 ];
  };
}
