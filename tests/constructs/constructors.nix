# Constructor functions of the kinds that there are: see processes.nix.

{ framework
, pkgs
, stateDir
, logDir
, runtimeDir
, cacheDir
, libDir
, tmpDir
, forceDisableUserChange
, callingUser ? null
, processManager
, ids ? { }
}:

let
  inherit (pkgs) lib stdenv writeTextFile coreutils;

  create = import "${framework}/nixproc/create-managed-process/universal/create-managed-process-universal.nix" {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager ids;
  };

  # As nixpkgs' packages can be changed.
  tool = (stdenv.mkDerivation {
    name = "tool";
    configureFlags = [ ];
    buildCommand = "mkdir -p $out/bin; echo $configureFlags >$out/flags";
  }).overrideAttrs (original: original // { configureFlags = original.configureFlags ++ [ "--with-user" ]; });

  processType = import "${framework}/nixproc/derive-dysnomia-process-type.nix" { inherit processManager; };

  # One constructor on top of another.
  configured = { instanceSuffix ? "", instanceName ? "configured${instanceSuffix}", configFile, dependencies ? [ ], postInstall ? "" }:
    create {
      inherit instanceName dependencies postInstall;
      process = "${coreutils}/bin/sleep";
      args = [ "-c" configFile 1000 ];
      foregroundProcessExtraArgs = [ "-g" "daemon off;" ];
      daemonExtraArgs = [ "-D" ];
      initialize = ''
        mkdir -p ${cacheDir}/${instanceName}
        ${lib.optionalString (!forceDisableUserChange) "chown ${instanceName}:${instanceName} ${cacheDir}/${instanceName}"}
      '';
      credentials = {
        groups.${instanceName} = { };
        users.${instanceName} = {
          group = instanceName;
          homeDir = "${stateDir}/${instanceName}";
          createHomeDir = true;
          description = "${instanceName}'s user";
        };
      };
      overrides.sysvinit.runlevels = [ 3 4 5 ];
    };
in
{
  # Numbers, empty texts and packages in the environment; its user in the name of
  # the instance; its number among the ids.
  server = { port, instanceSuffix ? "", instanceName ? "server${instanceSuffix}", postInstall ? "" }:
    create {
      inherit instanceName postInstall;
      description = "Server";
      foregroundProcess = "${coreutils}/bin/sleep";
      args = [ port ];
      environment = { PORT = port; HOME_OF = coreutils; EMPTY = ""; OPTIONS = "a;b=c"; };
      path = [ tool ];
      user = instanceName;
      directory = stateDir;
      umask = "027";
      nice = 5;
      credentials = {
        groups.${instanceName} = { };
        users.${instanceName} = { group = instanceName; description = "Server"; };
      };
      overrides = {
        sysvinit.runlevels = [ 3 4 5 ];
        systemd = {
          Service = { Restart = "always"; "Environment=IN_SYSTEMD" = "1"; };
          Install.WantedBy = [ "multi-user.target" ];
        };
        supervisord.stopsignal = "INT";
        launchd.KeepAlive = true;
        bsdrc.keywords = [ "shutdown" ];
        cygrunsrv.type = "manual";
        docker.container.dockerCreateParameters = { memory = "64m"; };
        s6-rc.timeoutKill = 5000;
        disnix.pidFile = "${runtimeDir}/own-${instanceName}.pid";
      };
    };

  proxy = { servers ? [ ], instanceSuffix ? "" }: interDependencies:
    configured {
      instanceName = "proxy${instanceSuffix}";
      dependencies = map (server: server.pkg) servers
        ++ map (dependency: dependency.pkgs.${stdenv.system}) (builtins.attrValues interDependencies);
      # A text file without a name.
      configFile = writeTextFile {
        name = "";
        text = lib.concatMapStrings (server: "${server.dnsName}:${toString server.port}\n") servers;
      };
    };

  bus = { services }:
    create {
      name = "bus";
      process = "${coreutils}/bin/sleep";
      args = [ "--config" (writeTextFile { name = "bus.conf"; text = lib.concatMapStrings (service: "${service.pkg}/share/bus\n") services; }) ];
      overrides.sysvinit.runlevels = [ 2 3 4 5 ];
    };

  # What starts by itself under systemd must not be a dependency there.
  agent = { bus ? null, providers ? [ ] }:
    create {
      name = "agent";
      process = "${coreutils}/bin/tail";
      environment.PROVIDERS = builtins.concatStringsSep ":" (map (provider: "${provider.pkg}/etc/containers") providers);
      dependencies = lib.optional (bus != null && processManager != "systemd") bus.pkg
        ++ map (provider: provider.pkg) providers;
      postInstall = ''
        mkdir -p $out/share/bus
        cat > $out/share/bus/agent.conf <<EOF
        $(basename $out)
        EOF
      '';
      overrides.sysvinit.runlevels = [ 2 3 4 5 ];
    };

  database = { server, instanceName ? "database", containerName ? "database-container", type ? processType, properties ? { } }: {
    name = instanceName;
    pkg = server {
      port = 3306;
      inherit instanceName;
      postInstall = ''
        mkdir -p $out/etc/containers
        echo "databasePort=3306" >$out/etc/containers/${containerName}
      '';
    };
    providesContainer = containerName;
  } // lib.optionalAttrs (type != null) { inherit type; } // properties;

  # Dependencies that are processes, beside those that are packages; an override that
  # is a function; the calling user, who is not always known.
  worker = { server, database, optional ? null }:
    create {
      name = "worker";
      instanceName = "worker";
      foregroundProcess = "${coreutils}/bin/sleep";
      foregroundProcessArgs = [ "for" (if forceDisableUserChange && callingUser != null then callingUser else "nobody") ];
      environment.LOGNAME = "worker";
      dependencies = [ server.pkg database ] ++ lib.optional (optional != null) optional;
      overrides = lib.genAttrs [ "bsdrc" "disnix" "launchd" "s6-rc" "supervisord" "systemd" "sysvinit" ]
        (_: generated: generated // { credentials.groups."${generated.name}-override" = { }; })
      // {
        cygrunsrv = generated: generated // { displayName = "${generated.name}-override"; };
        docker.container = generated: generated // {
          dockerCreateParameters = [{ name = "hostname"; value = "${generated.name}-override"; }];
        };
      };
    };

  daemon = { instanceName ? "daemon" }:
    let initialize = "mkdir -p ${libDir}/${instanceName}"; in
    create {
      inherit instanceName initialize;
      daemon = "${coreutils}/bin/sleep";
      daemonArgs = [ "-D" ];
      pidFile = "${runtimeDir}/${instanceName}.pid";
      overrides.sysvinit = {
        runlevels = [ 3 4 5 ];
        instructions = {
          start = { activity = "Starting"; instruction = "${initialize}\n${coreutils}/bin/true --own-start"; };
          reload.activity = "Rereading";
          reload.instruction = "kill -HUP $(cat ${runtimeDir}/${instanceName}.pid)";
        };
        activities.list = "ls ${libDir}/${instanceName}";
        removeActivities = [ "restart" ];
      };
    };

  # A package that is no function's result.
  helper = create { name = "helper"; foregroundProcess = "${coreutils}/bin/sleep"; args = [ 1000 ]; };
}
