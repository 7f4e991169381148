# The function that a suite calls, where `nixproc test` evaluates it: gives what
# there is to deploy and to run as data, for a machine that is none of NixOS.
#
# agnostic.nix says what the arguments of a suite are.
{ nixpkgs ? <nixpkgs>
, system ? builtins.currentSystem
}:

let
  pkgs = import nixpkgs { inherit system; };
  inherit (pkgs) lib;

  callModel = import ../process/call-model.nix;
  deployment = import ../deployment.nix;

  profileSettings = {
    privileged = import ./profiles/privileged.nix;
    unprivileged = import ./profiles/unprivileged.nix;
  };

  # The model of the process manager itself, which init scripts start first, and
  # the statement that waits until it can be used.
  hosts = {
    docker = {
      exprFile = ../backends/docker/test-module/processes-docker.nix;
      profile = "privileged"; # whoever deploys: the daemon is root's
      ready = _: "machine.wait_until_succeeds('docker version', timeout=60)";
    };
    s6-rc = {
      exprFile = ../backends/s6-rc/test-module/processes-s6-svscan.nix;
      ready = params: "machine.wait_for_file('${params.runtimeDir}/service/.s6-svscan/control', timeout=60)";
    };
    supervisord = {
      exprFile = ../backends/supervisord/test-module/processes-supervisord.nix;
      port = 9001;
      ready = _: "machine.wait_for_open_port(9001, timeout=60)";
    };
  };

  # As docker's test-module: containers would have the machine's /var as theirs.
  settingsFor = processManager: settings:
    if processManager != "docker" || settings.params.stateDir != "/var" then settings
    else settings // {
      params = settings.params // { stateDir = "/dockervar"; runtimeDir = "/dockervar/run"; };
      deployArgs = settings.deployArgs ++ [ "--state-dir" "/dockervar" ];
    };

  change = import ./change.nix;

  # Where one variant is asked for, what is wrong with it is to be told.
  wanted = builtins.getEnv "NIXPROC_SUITE";

  # The process managers that this machine has.
  isAvailable = processManager: lib.hasInfix " ${processManager} " (builtins.getEnv "NIXPROC_SUITE_MANAGERS");
in

{ name
, exprFile
, processManagers
, profiles
, extraParams ? { }
, nixosConfig ? null
, systemPackages ? [ ]
, initialTests ? null
, readiness ? null
, tests ? null
, postTests ? null
}:

let
  variant = profile: processManager:
    let
      settings = settingsFor processManager (profileSettings.${profile}
        or (throw "suite ${name}: there is no profile '${profile}' to test with: there are ${toString (builtins.attrNames profileSettings)}"));
      inherit (settings) params;

      common = builtins.intersectAttrs (builtins.functionArgs callModel) params // { inherit pkgs system; };

      processes = callModel (common // {
        inherit exprFile extraParams processManager;
        given = params;
      });

      packed = model: deployment (common // {
        inherit processManager;
        model = { name = toString exprFile; value = model; };
      });

      known = drv: {
        path = "${drv}";
        derivation = builtins.unsafeDiscardStringContext drv.drvPath;
      };

      changed = change processManager processes;

      host = hosts.${processManager};
      hostSettings = if host ? profile then profileSettings.${host.profile} else settings;

      # What goes wrong is evaluated here, so that the trace names it.
      within = value:
        builtins.addErrorContext "while evaluating suite '${name} ${profile} ${processManager}'" (builtins.deepSeq value value);

      once = part: if part == null then "" else part ({ inherit processes; } // params);

      each = part: more: if part == null then [ ] else map
        (instanceName: {
          inherit instanceName;
          text = part ({ inherit instanceName; instance = processes.${instanceName}; } // more // params);
        })
        (builtins.attrNames processes);
    in
    within {
      inherit profile processManager;
      inherit (settings) deployArgs;
      path = map (package: "${package}/bin") systemPackages;
      stateDir = toString params.stateDir;
      runtimeDir = toString params.runtimeDir;
      unprivileged = params.forceDisableUserChange;

      system = known (packed processes);
      empty = known (packed { });
      changed = if changed == null then null else {
        inherit (changed) process;
        system = known (packed changed.processes);
      };
      host = if !(hosts ? ${processManager}) then null else {
        system = known (deployment (builtins.intersectAttrs (builtins.functionArgs callModel) hostSettings.params // {
          inherit pkgs system;
          inherit (host) exprFile;
          processManager = "sysvinit";
        }));
        inherit (hostSettings) deployArgs;
        unprivileged = hostSettings.params.forceDisableUserChange;
        port = host.port or 0;
        ready = host.ready params;
      };

      initialTests = once initialTests;
      readiness = each readiness { };
      tests = each tests { inherit processManager; };
      postTests = once postTests;
    };

  # What can't be evaluated, perhaps since a program is not on this machine, is no
  # reason to do without the others.
  attempt = profile: processManager:
    let
      one = variant profile processManager;
      tried = builtins.tryEval (builtins.seq one one);
    in
    if wanted == "${name} ${profile} ${processManager}" then [ one ]
    else if wanted != "all" then [ ]
    else if isAvailable processManager && tried.success then [ one ]
    else [{ inherit profile processManager; wrong = true; }];
in
{
  nixprocSuite = 1;
  inherit name;
  hasNixosConfig = nixosConfig != null;
  variants = lib.concatMap (profile: lib.concatMap (attempt profile) processManagers) profiles;
}
