# A services model of Disnix that has the processes of the model which
# PROCESSES_EXPR names. The variables that nixproc reads give its arguments.

{ distribution, invDistribution, pkgs, system }:

let
  model = import (/. + builtins.getEnv "PROCESSES_EXPR");

  directories = builtins.listToAttrs (builtins.concatMap
    (name:
      let value = builtins.getEnv "NIXPROC_${name.variable}_DIR";
      in if value == "" then [ ] else [{ name = "${name.argument}Dir"; inherit value; }])
    (map (argument: { inherit argument; variable = upper.${argument}; }) (builtins.attrNames upper)));

  upper = {
    state = "STATE";
    runtime = "RUNTIME";
    log = "LOG";
    tmp = "TMP";
    cache = "CACHE";
    spool = "SPOOL";
    lock = "LOCK";
    lib = "LIB";
  };

  arguments = { inherit pkgs system; processManager = "disnix"; } // directories
    // (if builtins.getEnv "NIXPROC_FORCE_DISABLE_USER_CHANGE" == "" then { } else { forceDisableUserChange = true; });

  processes =
    if builtins.isFunction model then model (builtins.intersectAttrs (builtins.functionArgs model) arguments)
    else model;
in
builtins.mapAttrs (name: process: process // { inherit name; type = "process"; }) processes
