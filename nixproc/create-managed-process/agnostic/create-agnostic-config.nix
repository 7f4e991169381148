# Writes the properties of a process to NAME.json, for a machine that is to
# generate the configuration of its own process manager from it.

{ stdenv, nixprocBinary ? import ../../binary.nix { } }:

properties:

let
  name = properties.name or properties.instanceName;

  # JSON has no functions; overrides may be some, at any depth.
  withoutFunctions = where: value:
    if builtins.isList value
    then map (withoutFunctions where) (builtins.filter (item: !(isFunction where item)) value)
    else if builtins.isAttrs value && !(value ? outPath) then
      builtins.mapAttrs (key: withoutFunctions "${where}.${key}")
        (removeAttrs value (builtins.filter (key: isFunction "${where}.${key}" value.${key}) (builtins.attrNames value)))
    else value;

  isFunction = where: value:
    builtins.isFunction value
    && builtins.trace "warning: process '${name}': ${where} is a function, which JSON can't hold: left out" true;
in
derivation {
  inherit name;
  system = builtins.currentSystem or stdenv.system;
  builder = nixprocBinary;
  args = [ "build-config" ];
  __structuredAttrs = true;
  preferLocalBuild = true;
  allowSubstitutes = false;
  configName = name;
  config = withoutFunctions "properties" properties;
}
