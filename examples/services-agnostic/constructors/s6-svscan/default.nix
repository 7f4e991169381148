# s6-svscan over a scan directory of its own, with the account that s6-rc's
# log services run as.
{ createManagedProcess, s6, execline, runtimeDir }:

{ instanceSuffix ? ""
, instanceName ? "s6-svscan${instanceSuffix}"
, scanDir ? "${runtimeDir}/service${instanceSuffix}"
, logUser ? "s6-log${instanceSuffix}"
, logGroup ? "s6-log${instanceSuffix}"
}:

createManagedProcess {
  inherit instanceName;
  description = "s6 process scanner ${instanceName}";

  path = [ s6 execline ];
  foregroundProcess = "${s6}/bin/s6-svscan";
  args = [ scanDir ];
  initialize = ''
    mkdir -p '${builtins.replaceStrings [ "'" ] [ "'\\''" ] scanDir}'
  '';

  credentials = {
    groups.${logGroup} = {};
    users.${logUser} = {
      group = logGroup;
      description = "User of s6 log services";
    };
  };

  overrides.sysvinit.runlevels = [ 3 4 5 ];
}
