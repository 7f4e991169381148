# nginx with any configuration file. Its master starts as root and makes its
# workers become the user that the configuration names.
{ createManagedProcess, lib, nginx, stateDir, runtimeDir, cacheDir, forceDisableUserChange }:
{ configFile, dependencies ? [], instanceSuffix ? "", instanceName ? "nginx${instanceSuffix}" }:

let
  nginxStateDir = "${stateDir}/${instanceName}";
  directories = lib.escapeShellArgs [ "${nginxStateDir}/logs" "${cacheDir}/${instanceName}" ];
in
createManagedProcess {
  inherit instanceName dependencies;
  description = "nginx web server ${instanceName}";

  initialize = ''
    mkdir -p ${directories}
  '' + lib.optionalString (!forceDisableUserChange) ''
    chown ${instanceName}:${instanceName} ${directories}
  '';
  process = "${nginx}/bin/nginx";
  args = [ "-p" nginxStateDir "-c" configFile ];
  foregroundProcessExtraArgs = [ "-g" "daemon off;" ];

  credentials = {
    groups.${instanceName} = {};
    users.${instanceName} = {
      group = instanceName;
      description = "User of ${instanceName}";
    };
  };

  overrides.sysvinit.runlevels = [ 3 4 5 ];
}
