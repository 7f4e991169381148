# In place of the test driver of NixOS: gives what makeTest got, with the machine's
# configuration as it comes out of its modules.
{ system }:

let
  pkgs = import ../.. { inherit system; };

  isModule = value: builtins.isAttrs value && !(value ? type && value.type == "derivation");

  # Lists are joined, sets are merged; two values are a contradiction.
  merge = where: a: b:
    if builtins.isList a && builtins.isList b then a ++ b
    else if isModule a && isModule b then
      a // builtins.mapAttrs (name: value: if a ? ${name} then merge "${where}.${name}" a.${name} value else value) b
    else throw "${where} is given twice";

  configuration = given:
    let
      module = if builtins.isPath given || builtins.isString given then import given else given;
      attributes = if builtins.isFunction module then module { inherit pkgs; inherit (pkgs) lib; config = { }; } else module;
    in
    builtins.foldl' (merge "machine") (removeAttrs attributes [ "imports" ]) (map configuration (attributes.imports or [ ]));
in
{
  makeTest = { name, nodes, testScript }: {
    inherit name testScript;
    machine = configuration nodes.machine;
  };
}
