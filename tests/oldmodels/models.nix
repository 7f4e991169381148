# Finds the processes models among files: { FILE = arguments; }. A processes model
# is a function that the tools can call (nobody else gives it an argument), and
# that gives a set of processes.
{ files }:

let
  pkgs = import <nixpkgs> { };

  isModel = model:
    let
      formal = builtins.functionArgs model;
      given = builtins.intersectAttrs formal { inherit pkgs; processManager = "sysvinit"; };
      required = builtins.filter (name: !formal.${name}) (builtins.attrNames formal);
      processes = model given;
    in
    builtins.isFunction model
    && formal ? stateDir
    && builtins.all (name: given ? ${name}) required
    && builtins.isAttrs processes
    && processes != { }
    && builtins.all (process: builtins.isAttrs process && process ? pkg) (builtins.attrValues processes);

  described = file:
    let model = import file; in
    if isModel model then [{ name = file; value = builtins.functionArgs model; }] else [ ];
in
builtins.listToAttrs (builtins.concatMap described files)
