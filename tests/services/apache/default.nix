# Two instances of Apache, each of which serves the pages of its own directory.
{ pkgs, testService, processManagers, profiles }:

testService {
  name = "apache";
  exprFile = ./processes.nix;
  systemPackages = [ pkgs.curl ];

  readiness = { instance, ... }: ''
    machine.wait_for_open_port(${toString instance.port})
  '';

  tests = { instanceName, instance, stateDir, ... }:
    let
      request = path: "curl --silent --show-error --fail http://localhost:${toString instance.port}/${path}";
    in
    ''
      machine.succeed("${request ""} | grep 'Hello from ${instanceName}<'")
      machine.fail("${request "no-such-page.html"}")
      machine.succeed("grep 'GET /no-such-page.html' ${stateDir}/log/${instanceName}/access.log")
    '';

  inherit processManagers profiles;
}
