# Two instances of PostgreSQL that know nothing of each other.
{ pkgs, testService, processManagers, profiles }:

testService {
  name = "postgresql";
  exprFile = ./processes.nix;
  systemPackages = [ pkgs.postgresql ];

  readiness = { instance, ... }: ''
    machine.wait_for_open_port(${toString instance.port})
  '';

  tests = { instanceName, instance, stateDir, runtimeDir, ... }:
    let
      query = statement:
        "psql --no-psqlrc --quiet --tuples-only --set=ON_ERROR_STOP=1 "
        + "--host=127.0.0.1 --port=${toString instance.port} --username=postgres --command=\\\"${statement}\\\"";
    in
    ''
      machine.wait_for_file("${runtimeDir}/${instanceName}/.s.PGSQL.${toString instance.port}")
      machine.succeed("${query "SHOW data_directory"} | grep ' ${stateDir}/db/${instanceName}/data$'")
      machine.succeed("${query "DROP TABLE IF EXISTS greeting; CREATE TABLE greeting AS SELECT 'Hello from ${instanceName}' AS words"}")
      machine.succeed("${query "SELECT words FROM greeting"} | grep 'Hello from ${instanceName}$'")
      machine.fail("${query "SELECT words FROM no_such_table"}")
    '';

  inherit processManagers profiles;
}
