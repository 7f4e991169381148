# A web application that can do both; the process manager takes the mode that suits it.
{ createManagedProcess, tmpDir }:
{ port, instanceSuffix ? "", instanceName ? "webapp${instanceSuffix}" }:

createManagedProcess (import ./common.nix { inherit instanceName; } // {
  process = "${import ../../../../webapp}/bin/webapp";
  daemonArgs = [ "-D" ];

  # A daemon with a user of its own is expected to write its PID file here.
  environment = {
    PORT = port;
    PID_FILE = "${tmpDir}/${instanceName}.pid";
  };
})
