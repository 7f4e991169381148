# A Docker daemon with all of its state in the given directories; members of
# the group with the instance's name may use it.
{ createManagedProcess, docker, kmod, runtimeDir, libDir }:
{ instanceSuffix ? "", instanceName ? "docker${instanceSuffix}", extraArgs ? [] }:

createManagedProcess {
  inherit instanceName;
  description = "Docker daemon ${instanceName}";

  foregroundProcess = "${docker}/bin/dockerd";
  args = [
    "--group=${instanceName}"
    "--host=unix://${runtimeDir}/${instanceName}.sock"
    # Not INSTANCE.pid: where the process is made a daemon, that file is there
    # already, and dockerd would think that it runs.
    "--pidfile=${runtimeDir}/${instanceName}-alt.pid"
    "--data-root=${libDir}/${instanceName}"
    "--exec-root=${runtimeDir}/${instanceName}"
    "--log-driver=json-file"
  ] ++ extraArgs;
  path = [ kmod ];

  credentials = {
    groups.${instanceName} = {};
    users.${instanceName} = {
      group = instanceName;
      description = "User of ${instanceName}";
    };
  };

  overrides.sysvinit.runlevels = [ 3 4 5 ];
}
