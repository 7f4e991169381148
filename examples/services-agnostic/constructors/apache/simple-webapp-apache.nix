# Apache that serves the files of a directory.
{ createManagedProcess, lib, writeTextFile, apacheHttpd, logDir, runtimeDir, cacheDir, forceDisableUserChange }:

{ documentRoot
, port ? 80
, serverName ? "localhost"
, serverAdmin ? "root@localhost"
  # More modules, by their names without mod_.
, modules ? []
, extraConfig ? ""
, instanceSuffix ? ""
, instanceName ? "apache${instanceSuffix}"
, dependencies ? []
, postInstall ? ""
}:

let
  directory = "${logDir}/${instanceName}";
  owner = lib.optionalString (!forceDisableUserChange) "-o ${instanceName} -g ${instanceName}";

  # Which modules are built in differs from one distribution to another.
  load = module: ''
    <IfModule !mod_${module}.c>
      LoadModule ${module}_module "${apacheHttpd}/modules/mod_${module}.so"
    </IfModule>
  '';
in
import ./default.nix { inherit createManagedProcess apacheHttpd cacheDir; } {
  inherit instanceName dependencies postInstall;

  initialize = ''
    install -d -m 0700 ${owner} ${lib.escapeShellArg directory}
  '';

  configFile = writeTextFile {
    name = "httpd.conf";
    text = ''
      ServerRoot "${apacheHttpd}"
      ServerName ${serverName}
      ServerAdmin ${serverAdmin}
      Listen ${toString port}
      PidFile "${runtimeDir}/${instanceName}.pid"
      DefaultRuntimeDir "${directory}"
      ErrorLog "${directory}/error.log"

      <IfModule !mpm_event_module>
      <IfModule !mpm_prefork_module>
      <IfModule !mpm_worker_module>
        LoadModule mpm_event_module "${apacheHttpd}/modules/mod_mpm_event.so"
      </IfModule>
      </IfModule>
      </IfModule>
      ${lib.concatMapStrings load ([ "unixd" "log_config" "authz_core" "mime" "dir" ] ++ modules)}
      ${lib.optionalString (!forceDisableUserChange) ''
        User ${instanceName}
        Group ${instanceName}
      ''}
      CustomLog "${directory}/access.log" "%h %l %u %t \"%r\" %>s %b"
      TypesConfig "${apacheHttpd}/conf/mime.types"
      DirectoryIndex index.html
      DocumentRoot "${documentRoot}"
      <Directory "${documentRoot}">
        Require all granted
      </Directory>
      ${extraConfig}
    '';
  };
}
