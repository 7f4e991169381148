# supervisord with any configuration file.
{ createManagedProcess, supervisor, runtimeDir, logDir }:
{ instanceSuffix ? "", instanceName ? "supervisord${instanceSuffix}", initialize ? "", configFile, postInstall ? "" }:

let
  quoted = "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] logDir}'";
in
createManagedProcess {
  inherit instanceName postInstall;
  description = "supervisord process manager ${instanceName}";

  initialize = ''
    mkdir -p ${quoted}
    ${initialize}
  '';
  process = "${supervisor}/bin/supervisord";
  args = [
    "--configuration" configFile
    "--logfile" "${logDir}/${instanceName}.log"
    "--pidfile" "${runtimeDir}/${instanceName}.pid"
  ];
  foregroundProcessExtraArgs = [ "--nodaemon" ];

  overrides.sysvinit.runlevels = [ 3 4 5 ];
}
