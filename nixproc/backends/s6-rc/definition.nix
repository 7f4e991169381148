# What the files of a service definition hold, as plain data: text that the
# profile's builder writes, or a path that it makes a link to. A package that is
# but a text (writeTextFile makes them) counts as that text, and is not built.

process:

let
  kindOf = import ../../process/kind.nix;
  data = import ../../process/data.nix process;

  # An integer, written as text by whoever likes to.
  number = file: value:
    let text = data.text file value; in
    if builtins.match "[0-9]+" text == null
    then throw "process '${process}': ${file}: ${builtins.toJSON text} is no whole number"
    else text;

  optional = file: make: value: if value == null then { } else { ${file} = make file value; };

  line = file: value:
    let text = data.text file value; in
    if builtins.match "[^\n]*" text == null
    then throw "process '${process}': ${file}: ${builtins.toJSON text} is more than one line"
    else { text = "${text}\n"; };

  path = file: value:
    let text = if builtins.isPath value then "${value}" else data.text file value; in
    if builtins.substring 0 1 text != "/"
    then throw "process '${process}': ${file} is ${builtins.toJSON text}, where the path of a file is due"
    else { link = text; };

  # By the name of its service a package may be known by others.
  nameOf = file: package:
    let of = package.pkg or package; in
    if !(builtins.isAttrs of) || !(of ? name)
    then throw "process '${process}': ${file} is ${kindOf of}, where a service is due"
    else builtins.unsafeDiscardStringContext of.name;
in
{
  inherit nameOf;

  type = name: { type.text = "${name}\n"; };

  flag = file: given: if given then { ${file}.text = ""; } else { };

  number = file: value: optional file (file: value: line file (number file value)) value;

  line = file: value: optional file line value;

  service = file: value: optional file (file: package: line file (nameOf file package)) value;

  services = file: values:
    if values == [ ] then { }
    else { ${file}.text = builtins.concatStringsSep "" (map (package: "${nameOf file package}\n") values); };

  # A file or a directory of somebody else's making.
  tree = file: value: optional file path value;

  # A script, or a command line.
  script = file: value:
    optional file
      (file: value:
        if builtins.isAttrs value && builtins.isString (value.text or null) && value.destination or "" == ""
        then { inherit (value) text; }
        else path file value)
      value;
}
