# The directories in which processes keep their state.

{ pkgs, common, input, result }:

let
  inherit (input) stateDir runtimeDir;

  inState = builtins.listToAttrs (map
    (name: { name = input."${name}Dir" or "${stateDir}/${name}"; value = { }; })
    [ "log" "cache" "spool" "lock" "lib" ]);
in
import ../declare.nix result {
  directories = {
    ${stateDir} = { };
    ${runtimeDir} = { };
    ${input.tmpDir or (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")} = { mode = "1777"; };
  } // inState;
  ${if stateDir == "/var" then "links" else null}."/var/tmp" = "../tmp";
}
