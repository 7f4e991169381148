# Turns the values of a process's attributes into plain data.
#
# Derivations and paths become strings (a path is not copied to the store),
# numbers too, as builtins.toString does; a function is refused with a message
# that names the process and the attribute.

process:

rec {
  text = attribute: value:
    if builtins.isFunction value
    then throw "process '${process}': attribute '${attribute}' is a function, where text is due"
    else if builtins.isAttrs value && !(value ? outPath || value ? __toString)
    then throw "process '${process}': attribute '${attribute}' is a set, where text is due"
    else toString value;

  # null stays null: it says "not given".
  optional = attribute: value: if value == null then null else text attribute value;

  list = attribute: values:
    if builtins.isList values then map (text attribute) values
    else throw "process '${process}': attribute '${attribute}' is ${builtins.typeOf values}, where a list is due";

  set = attribute: values:
    if builtins.isAttrs values then builtins.mapAttrs (name: text "${attribute}.${name}") values
    else throw "process '${process}': attribute '${attribute}' is ${builtins.typeOf values}, where a set is due";
}
