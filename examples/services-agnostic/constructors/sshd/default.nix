# The daemon of OpenSSH with host keys of its own, which are made at the first
# start. Without privileges only the user who runs it can log in.
{ createManagedProcess, lib, writeTextFile, openssh, libDir, runtimeDir, forceDisableUserChange }:

{ port ? 22
, instanceSuffix ? ""
, instanceName ? "sshd${instanceSuffix}"
  # Lines of sshd_config, which come first: of two, the first one counts.
, extraSSHDConfig ? ""
}:

let
  keyDir = "${libDir}/${instanceName}";
  keys = map (type: { inherit type; path = "${keyDir}/ssh_host_${type}_key"; }) [ "rsa" "ed25519" ];

  # sshd cuts at blanks.
  quoted = path: "\"${path}\"";

  configFile = writeTextFile {
    name = "sshd_config";
    text = ''
      ${extraSSHDConfig}
      Port ${toString port}
      PidFile ${quoted "${runtimeDir}/${instanceName}.pid"}
      Subsystem sftp ${openssh}/libexec/sftp-server
      ${lib.concatMapStrings (key: "HostKey ${quoted key.path}\n") keys}
    '';
  };
in
createManagedProcess {
  inherit instanceName;
  description = "OpenSSH daemon ${instanceName}";

  path = [ openssh ];
  # sshd locks itself up in an empty directory, which is /run/sshd on Debian.
  initialize = ''
    install -d -m 0755 ${lib.escapeShellArg keyDir}
    ${lib.optionalString (!forceDisableUserChange) "install -d -m 0755 /var/empty /run/sshd"}
  '' + lib.concatMapStrings (key: ''
    [ -e ${lib.escapeShellArg key.path} ] || ssh-keygen -q -t ${key.type} -N "" -f ${lib.escapeShellArg key.path}
  '') keys;

  process = "${openssh}/bin/sshd";
  args = [ "-f" configFile ];
  foregroundProcessExtraArgs = [ "-D" ];

  # Whom sshd becomes while it does not know who is calling. All instances share it:
  # its name is compiled in.
  credentials = {
    groups.sshd = {};
    users.sshd = {
      group = "sshd";
      homeDir = "/var/empty";
      description = "User of sshd for what is not yet trusted";
    };
  };

  overrides.sysvinit.runlevels = [ 3 4 5 ];
}
