# nginx with any configuration file. Its master starts as root and makes its
# workers become the user that the configuration names.
{ createSystemVInitScript, lib, nginx, stateDir, runtimeDir, cacheDir, forceDisableUserChange }:
{ configFile, dependencies ? [], instanceSuffix ? "", instanceName ? "nginx${instanceSuffix}" }:

let
  directories = lib.escapeShellArgs [ "${stateDir}/logs" "${cacheDir}/${instanceName}" ];
in
createSystemVInitScript {
  inherit instanceName dependencies;
  description = "nginx web server ${instanceName}";

  initialize = ''
    mkdir -p ${directories}
  '' + lib.optionalString (!forceDisableUserChange) ''
    chown ${instanceName}:${instanceName} ${directories}
  '';
  process = "${nginx}/bin/nginx";
  args = [ "-c" configFile "-p" stateDir ];
  runlevels = [ 3 4 5 ];

  credentials = {
    groups.${instanceName} = {};
    users.${instanceName} = {
      group = instanceName;
      description = "User of ${instanceName}";
    };
  };
}
