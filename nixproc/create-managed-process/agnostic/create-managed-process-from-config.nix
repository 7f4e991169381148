# Turns an agnostic configuration, NAME.json, into one for a process manager.

{ configFile
, processManager
  # Path of a function like that of create-managed-process-universal.nix.
, createManagedProcessExpr
, system ? builtins.currentSystem
, pkgs ? import <nixpkgs> { inherit system; }
, stateDir ? "/var"
, runtimeDir ? "${stateDir}/run"
, logDir ? "${stateDir}/log"
, tmpDir ? (if stateDir == "/var" then "/tmp" else "${stateDir}/tmp")
, cacheDir ? "${stateDir}/cache"
, spoolDir ? "${stateDir}/spool"
, lockDir ? "${stateDir}/lock"
, libDir ? "${stateDir}/lib"
, forceDisableUserChange ? false
}:

let
  create = import createManagedProcessExpr;

  # The function gets what it asks for.
  createManagedProcess = create (builtins.intersectAttrs (builtins.functionArgs create) {
    inherit pkgs stateDir runtimeDir logDir tmpDir cacheDir spoolDir lockDir libDir forceDisableUserChange processManager;
  });

  fromConfig = file:
    let
      text = builtins.readFile file;
      properties = builtins.fromJSON (builtins.unsafeDiscardStringContext text);

      # JSON has lost what the paths in it refer to; one program that refers to
      # all of it will do.
      withReferences = name:
        if builtins.isString (properties.${name} or null)
        then { ${name} = builtins.substring 0 0 text + properties.${name}; }
        else { };
    in
    if !builtins.isAttrs properties then throw "${toString file}: an object with the properties of a process is due"
    else createManagedProcess (properties
      // withReferences "process" // withReferences "foregroundProcess" // withReferences "daemon"
      // (if properties ? dependencies then { dependencies = map fromPackage properties.dependencies; } else { }));

  # A dependency is the store path of an agnostic configuration.
  fromPackage = path:
    let
      base = baseNameOf path;
      name = builtins.substring 33 (builtins.stringLength base) base;
    in
    if builtins.pathExists "${path}/${name}.json" then fromConfig "${path}/${name}.json"
    else throw "${toString configFile}: its dependency ${path} has no ${name}.json: that is no agnostic configuration, or it was not built here";
in
fromConfig configFile
