# The place of the universal function in older checkouts. State and log
# directories were not arguments then: they follow from the runtime directory.

{ runtimeDir, ... }@args:

let
  stateDir = if baseNameOf runtimeDir == "run" then dirOf runtimeDir else "/var";
in
import ../universal/create-managed-process-universal.nix ({
  inherit stateDir;
  logDir = "${stateDir}/log";
} // args)
