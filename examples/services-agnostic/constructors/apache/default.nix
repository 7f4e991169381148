# Apache with any configuration file. It starts as root, and its workers become the
# user that the configuration names.
{ createManagedProcess, apacheHttpd, cacheDir }:

{ configFile
, instanceSuffix ? ""
, instanceName ? "apache${instanceSuffix}"
, dependencies ? []
, environment ? {}
, initialize ? ""
, postInstall ? ""
}:

createManagedProcess {
  inherit instanceName dependencies environment initialize postInstall;
  description = "Apache web server ${instanceName}";

  process = "${apacheHttpd}/bin/httpd";
  args = [ "-f" configFile ];
  foregroundProcessExtraArgs = [ "-DFOREGROUND" ];

  credentials = {
    groups.${instanceName} = {};
    users.${instanceName} = {
      group = instanceName;
      homeDir = "${cacheDir}/${instanceName}";
      description = "User of ${instanceName}";
    };
  };

  overrides.sysvinit.runlevels = [ 3 4 5 ];
}
