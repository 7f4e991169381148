# PostgreSQL with a cluster of its own, which is made at the first start. Its
# directory of sockets is in the runtime directory, by the instance's name.
{ createManagedProcess, lib, writeTextFile, postgresql, util-linux, stateDir, runtimeDir, forceDisableUserChange }:

{ port ? 5432
, instanceSuffix ? ""
, instanceName ? "postgresql${instanceSuffix}"
  # The role that may do everything; null: one by the name of the user who runs it.
, superUser ? null
  # Lines of pg_hba.conf, which come before those of a new cluster: who is the
  # user that the role is called after may connect by the socket, others need a
  # password.
, authentication ? ""
  # Of postgresql.conf: name -> value.
, settings ? {}
, postInstall ? ""
}:

let
  home = "${stateDir}/db/${instanceName}";
  dataDir = "${home}/data";
  socketDir = "${runtimeDir}/${instanceName}";

  quoted = lib.escapeShellArg;
  owner = lib.optionalString (!forceDisableUserChange) "-o ${instanceName} -g ${instanceName}";
  # Not su, which asks PAM: a container has none.
  asUser = lib.optionalString (!forceDisableUserChange)
    "${util-linux}/bin/setpriv --reuid=${instanceName} --regid=${instanceName} --init-groups ";

  value = given:
    if builtins.isBool given then (if given then "on" else "off")
    else if builtins.isString given then "'${builtins.replaceStrings [ "\\" "'" ] [ "\\\\" "''" ] given}'"
    else toString given;

  hbaFile = writeTextFile {
    name = "pg_hba.conf";
    text = ''
      ${authentication}
      local all all peer
      host all all 127.0.0.1/32 scram-sha-256
      host all all ::1/128 scram-sha-256
    '';
  };

  configFile = writeTextFile {
    name = "postgresql.conf";
    text = lib.concatStrings (lib.mapAttrsToList (name: given: "${name} = ${value given}\n") ({
      listen_addresses = "localhost";
      hba_file = "${hbaFile}";
    } // settings));
  };
in
createManagedProcess {
  inherit instanceName postInstall;
  description = "PostgreSQL ${instanceName}";

  path = [ postgresql ];
  # The cluster gets its name when it is whole: a first start that was killed
  # leaves none.
  initialize = ''
    install -d -m 0700 ${owner} ${quoted home}
    install -d -m 0755 ${owner} ${quoted socketDir}
    if [ ! -e ${quoted dataDir} ]
    then
        rm -rf ${quoted "${dataDir}.new"}
        ${asUser}${postgresql}/bin/initdb --pgdata=${quoted "${dataDir}.new"} --no-locale --encoding=UTF8 \
            --auth-local=peer --auth-host=scram-sha-256 ${lib.optionalString (superUser != null) "--username=${quoted superUser}"}
        mv ${quoted "${dataDir}.new"} ${quoted dataDir}
    fi
  '';
  user = instanceName;
  foregroundProcess = "${postgresql}/bin/postgres";
  args = [ "-D" dataDir "-c" "config_file=${configFile}" "-p" port "-k" socketDir ];

  credentials = {
    groups.${instanceName} = {};
    users.${instanceName} = {
      group = instanceName;
      homeDir = home;
      description = "User of ${instanceName}";
    };
  };

  overrides.sysvinit.runlevels = [ 3 4 5 ];
}
