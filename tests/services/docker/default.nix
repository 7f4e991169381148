# Two Docker daemons, each with images of its own.
{ pkgs, testService, processManagers, profiles }:

testService {
  name = "docker";
  exprFile = ./processes.nix;
  systemPackages = [ pkgs.docker ];

  readiness = { instanceName, runtimeDir, ... }: ''
    machine.wait_for_file("${runtimeDir}/${instanceName}.sock")
  '';

  tests = { instanceName, stateDir, runtimeDir, ... }:
    let
      docker = "docker --host=unix://${runtimeDir}/${instanceName}.sock";
    in
    ''
      machine.wait_until_succeeds("${docker} info | grep 'Docker Root Dir: ${stateDir}/lib/${instanceName}$'")
      machine.succeed("tar -c -T /dev/null | ${docker} import - of-${instanceName}")
      machine.succeed("${docker} image ls | grep of-${instanceName}")
      machine.succeed("test $(${docker} image ls --quiet | wc -l) = 1")
    '';

  # A daemon in a container would need what containers are not to have, and one
  # without root much preparation.
  processManagers = builtins.filter (processManager: processManager != "docker") processManagers;
  profiles = builtins.filter (profile: profile == "privileged") profiles;
}
