# Two instances of the OpenSSH daemon, with different host keys. Who has a key that
# an instance knows can log in.
{ pkgs, testService, processManagers, profiles }:

testService {
  name = "sshd";
  exprFile = ./processes.nix;
  systemPackages = [ pkgs.openssh ];

  initialTests = { ... }: ''
    machine.succeed("mkdir -p -m 700 /tmp/keys")
    machine.succeed("cd /tmp/keys; for key in known unknown; do test -e $key || ssh-keygen -q -t ed25519 -N ''' -f $key; done")
  '';

  readiness = { instance, ... }: ''
    machine.wait_for_open_port(${toString instance.port})
  '';

  tests = { instanceName, instance, stateDir, forceDisableUserChange, ... }:
    let
      directory = "${stateDir}/lib/${instanceName}";
      user = if forceDisableUserChange then "unprivileged" else "root";
      port = toString instance.port;
      login = key: "ssh -i /tmp/keys/${key} -p ${port} -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes"
        + " -o UserKnownHostsFile=/tmp/keys/hosts-${instanceName} ${user}@localhost";
    in
    ''
      machine.succeed("cp /tmp/keys/known.pub ${directory}/authorized_keys; chmod 644 ${directory}/authorized_keys")
      machine.succeed("read -r type key comment < ${directory}/ssh_host_ed25519_key.pub; echo \"[localhost]:${port},localhost $type $key\" > /tmp/keys/hosts-${instanceName}")
      machine.succeed("${login "known"} 'echo I am $(id -un)' | grep 'I am ${user}'")
      machine.fail("${login "unknown"} true")
    '';

  # A login would be one into a container, whose root has no password at all, and
  # that is an account which sshd lets nobody into.
  processManagers = builtins.filter (processManager: processManager != "docker") processManagers;
  inherit profiles;
}
