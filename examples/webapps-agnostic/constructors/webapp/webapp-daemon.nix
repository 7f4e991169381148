# A web application of which only the daemon mode is known: a process manager
# that wants a foreground process has to watch the daemon's PID file.
{ createManagedProcess, tmpDir }:
{ port, instanceSuffix ? "", instanceName ? "webapp${instanceSuffix}" }:

let
  pidFile = "${tmpDir}/${instanceName}.pid";
in
createManagedProcess (import ./common.nix { inherit instanceName; } // {
  daemon = "${import ../../../../webapp}/bin/webapp";
  daemonArgs = [ "-D" ];
  inherit pidFile;

  environment = {
    PORT = port;
    PID_FILE = pidFile;
  };
})
