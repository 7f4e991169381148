# supervisord that takes up the programs whose configurations are put into a
# directory of its own, as nixproc-supervisord-switch does.
{ createManagedProcess, writeTextFile, supervisor, runtimeDir, logDir, libDir }:

{ instanceSuffix ? ""
, instanceName ? "supervisord${instanceSuffix}"
, inetHTTPServerPort ? 9001
, postInstall ? ""
}:

let
  confDir = "${libDir}/${instanceName}"; # for SUPERVISORD_CONF_DIR
  includeDir = "${confDir}/conf.d";
  quoted = path: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] path}'";

  # supervisord takes a blank for the end of a pattern, and % for a variable;
  # a ? matches the blank.
  includePattern = builtins.replaceStrings [ " " "%" ] [ "?" "%%" ] "${includeDir}/*";

  configFile = writeTextFile {
    name = "supervisord.conf";
    text = ''
      [supervisord]

      [include]
      files = ${includePattern}

      [inet_http_server]
      port = 127.0.0.1:${toString inetHTTPServerPort}

      [supervisorctl]
      serverurl = http://127.0.0.1:${toString inetHTTPServerPort}

      [rpcinterface:supervisor]
      supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
    '';
  };
in
import ./default.nix {
  inherit createManagedProcess supervisor logDir runtimeDir;
} {
  inherit instanceName postInstall;

  # The link tells supervisorctl where this supervisord listens.
  initialize = ''
    mkdir -p ${quoted includeDir}
    ln -sfn ${configFile} ${quoted "${confDir}/supervisord.conf"}
  '';
  inherit configFile;
}
