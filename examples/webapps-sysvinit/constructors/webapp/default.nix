# The web application as a daemon, each instance as a user of its own name.
{ createSystemVInitScript, tmpDir }:
{ port, instanceSuffix ? "", instanceName ? "webapp${instanceSuffix}" }:

createSystemVInitScript {
  inherit instanceName;
  description = "Web application ${instanceName}";

  process = "${import ../../../../webapp}/bin/webapp";
  args = [ "-D" ];
  environment = {
    PORT = port;
    PID_FILE = "${tmpDir}/${instanceName}.pid";
  };
  runlevels = [ 3 4 5 ];

  user = instanceName;
  credentials = {
    groups.${instanceName} = {};
    users.${instanceName} = {
      group = instanceName;
      description = "User of ${instanceName}";
    };
  };
}
