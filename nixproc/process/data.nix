# Turns the values of a process's attributes into plain data.
#
# Derivations and paths become strings (a path is not copied to the store),
# numbers too, as builtins.toString does; a function is refused with a message
# that names the process and the attribute.

process:

let
  kindOf = import ./kind.nix;

  refuse = attribute: value: due:
    throw "process '${process}': attribute '${attribute}' is ${kindOf value}, where ${due} is due";

  # What builtins.toString takes.
  isText = value:
    if builtins.isList value then builtins.all isText value
    else !builtins.isFunction value && (builtins.isAttrs value -> value ? outPath || value ? __toString);
in
rec {
  text = attribute: value:
    if isText value then toString value else refuse attribute value "text";

  # null stays null: it says "not given".
  optional = attribute: value: if value == null then null else text attribute value;

  # The value itself, if it has the type.
  anyList = attribute: value: if builtins.isList value then value else refuse attribute value "a list";
  anySet = attribute: value: if builtins.isAttrs value then value else refuse attribute value "a set";

  list = attribute: values: map (text attribute) (anyList attribute values);

  set = attribute: values: builtins.mapAttrs (name: text "${attribute}.${name}") (anySet attribute values);
}
