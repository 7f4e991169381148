# Two instances of Redis, each of which keeps what it is told to keep.
{ pkgs, testService, processManagers, profiles }:

testService {
  name = "redis";
  exprFile = ./processes.nix;
  systemPackages = [ pkgs.redis ];

  readiness = { instance, ... }: ''
    machine.wait_for_open_port(${toString instance.port})
  '';

  tests = { instanceName, instance, stateDir, ... }:
    let
      ask = "redis-cli -e -h 127.0.0.1 -p ${toString instance.port}";
    in
    ''
      machine.succeed("${ask} SET greeting 'Hello from ${instanceName}' | grep OK")
      machine.succeed("${ask} GET greeting | grep 'Hello from ${instanceName}$'")
      machine.succeed("${ask} SAVE | grep OK")
      machine.wait_for_file("${stateDir}/lib/${instanceName}/dump.rdb")
      machine.fail("${ask} NO_SUCH_COMMAND")
    '';

  inherit processManagers profiles;
}
