# Redis with its data in a directory of its own, reached from this machine only.
{ createManagedProcess, lib, writeTextFile, redis, libDir, forceDisableUserChange }:

{ port ? 6379
, instanceSuffix ? ""
, instanceName ? "redis${instanceSuffix}"
  # Lines of redis.conf, which come last.
, extraConfig ? ""
}:

let
  dataDir = "${libDir}/${instanceName}";
  owner = lib.optionalString (!forceDisableUserChange) "-o ${instanceName} -g ${instanceName}";

  configFile = writeTextFile {
    name = "redis.conf";
    text = ''
      bind 127.0.0.1
      port ${toString port}
      dir "${lib.escape [ "\\" "\"" ] dataDir}"
      ${extraConfig}
    '';
  };
in
createManagedProcess {
  inherit instanceName;
  description = "Redis ${instanceName}";

  initialize = ''
    install -d -m 0700 ${owner} ${lib.escapeShellArg dataDir}
  '';
  user = instanceName;
  foregroundProcess = "${redis}/bin/redis-server";
  args = [ configFile ];

  credentials = {
    groups.${instanceName} = {};
    users.${instanceName} = {
      group = instanceName;
      homeDir = dataDir;
      description = "User of ${instanceName}";
    };
  };

  overrides.sysvinit.runlevels = [ 3 4 5 ];
}
