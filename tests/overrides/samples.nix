# Processes of which as little, or as much, is said as can be. No value is what
# it would be without being said.

{ create }:

let
  all = {
    name = "given";
    instanceName = "given";
    description = "A given description";
    args = [ "given-argument" ];
    directory = "/given/directory";
    umask = "077";
    nice = 7;
    user = "given-user";
    pidFile = "/given/file.pid";
    path = [ "/given/path" ];
    environment.GIVEN = "variable";
    dependencies = [ (create { name = "given-dependency"; process = "/bin/x"; }) ];
    credentials.groups.given-group = { };
    postInstall = "echo given";
  };
in
rec {
  bare = { name = "given"; description = "A given description"; foregroundProcess = "/given/program"; };
  foreground = all // { foregroundProcess = "/given/program"; };
  initialized = foreground // { initialize = "echo given initialization"; };
  daemon = all // { daemon = "/given/program"; };
}
