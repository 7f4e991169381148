# The parts of this tree that a program is built from, under a name of its own,
# since the folder of a checkout may have any name.

name: parts:

let
  within = path: directory: builtins.substring 0 (builtins.stringLength directory + 1) path == directory + "/";
in
builtins.path {
  inherit name;
  path = ../.;
  filter = path: _:
    let relative = builtins.substring (builtins.stringLength (toString ../. + "/")) (-1) (toString path); in
    builtins.any (part: relative == part || within relative part || within part relative) parts;
}
