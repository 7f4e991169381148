# Two instances of nginx, each of which passes requests on to the web applications
# that it knows, by their names, and to no others.
{ pkgs, testService, processManagers, profiles }:

testService {
  name = "nginx-reverse-proxy-hostbased";
  exprFile = ./processes.nix;
  systemPackages = [ pkgs.curl ];

  readiness = { instance, ... }: ''
    machine.wait_for_open_port(${toString instance.port})
  '';

  tests = { instance, ... }:
    let
      request = name: "curl --silent --show-error --fail --header 'Host: ${name}' http://localhost:${toString instance.port}/";
    in
    pkgs.lib.optionalString (instance ? webapps) (''
      machine.succeed("${request "nobody.local"} | grep 'No application here'")
    '' + pkgs.lib.concatMapStrings (webapp: ''
      machine.succeed("${request webapp.dnsName} | grep 'port: ${toString webapp.port}<'")
    '') instance.webapps);

  inherit processManagers profiles;
}
