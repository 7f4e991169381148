# Two instances of supervisord, each of which takes up a program that is put into
# its directory, and lets go of it.
{ pkgs, testService, processManagers, profiles }:

testService {
  name = "supervisord";
  exprFile = ./processes.nix;
  systemPackages = [ pkgs.python3Packages.supervisor ];

  readiness = { instance, ... }: ''
    machine.wait_for_open_port(${toString instance.port})
  '';

  tests = { instanceName, instance, stateDir, ... }:
    let
      program = "sleeper-of-${instanceName}";
      configuration = "${stateDir}/lib/${instanceName}/conf.d/${program}.conf";
      ctl = "supervisorctl --serverurl http://localhost:${toString instance.port}";
    in
    ''
      machine.succeed("printf '[program:${program}]\\ncommand=sleep 1000\\n' > ${configuration}")
      machine.succeed("${ctl} update")
      machine.wait_until_succeeds("${ctl} status ${program} | grep RUNNING")
      machine.succeed("rm ${configuration}")
      machine.succeed("${ctl} update")
      machine.fail("${ctl} status ${program}")
    '';

  inherit processManagers profiles;
}
