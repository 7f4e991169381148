# A web application of which only the foreground mode is known: a process
# manager that wants a daemon has to make one of it.
{ createManagedProcess, tmpDir }:
{ port, instanceSuffix ? "", instanceName ? "webapp${instanceSuffix}" }:

createManagedProcess (import ./common.nix { inherit instanceName; } // {
  foregroundProcess = "${import ../../../../webapp}/bin/webapp";

  environment.PORT = port;
})
