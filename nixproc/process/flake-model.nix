# Finds a processes model among the outputs of a flake.

{ # How the user names it, for messages.
  name
  # What builtins.getFlake takes; or else a directory with a flake.nix, and what
  # stands behind a reference to it.
, reference ? null
, tree ? null
, query ? ""
  # Path of the output, a list of names.
, attribute
, system ? builtins.currentSystem
}:

let
  kindOf = import ./kind.nix;

  # Like a "path:" reference, but any path will do.
  source = builtins.path { path = /. + tree; name = "source"; };

  flake = builtins.getFlake (
    if tree == null then reference else "path:${builtins.unsafeDiscardStringContext source}${query}"
  );

  # As it stands, and then in these places.
  places = [ attribute ] ++ map (place: place ++ attribute) [ [ "processes" ] [ "processes" system ] [ "legacyPackages" system ] ];

  has = set: path:
    path == [ ] || builtins.isAttrs set && set ? ${builtins.head path} && has set.${builtins.head path} (builtins.tail path);

  get = builtins.foldl' (set: name: set.${name});

  found = builtins.filter (has flake.outputs) places;

  value = get flake.outputs (builtins.head found);

  nameOf = path: builtins.concatStringsSep "." (map quoted path);

  quoted = name: if builtins.match "[a-zA-Z_][a-zA-Z0-9_'-]*" name == null then "\"${name}\"" else name;

  # The names beside the one that is missing.
  beside = path:
    let
      known = builtins.genList (n: builtins.genList (builtins.elemAt path) n) (builtins.length path);
      parent = builtins.foldl' (longest: path: if has flake.outputs path then path else longest) [ ] known;
      set = get flake.outputs parent;
    in
    if builtins.isAttrs set then map (name: nameOf (parent ++ [ name ])) (builtins.attrNames set) else [ ];

  all = builtins.attrNames (builtins.listToAttrs
    (map (name: { inherit name; value = null; }) (builtins.concatMap beside (first 3 places))));

  first = n: list: builtins.genList (builtins.elemAt list) (if builtins.length list < n then builtins.length list else n);

  # Of many, those that begin with the same letter.
  letter = builtins.match "([a-zA-Z0-9_]).*" (builtins.elemAt attribute (builtins.length attribute - 1));
  alike = builtins.filter (name: letter != null && builtins.match "(.*\\.)?\"?${builtins.head letter}[^.]*" name != null) all;

  listed = if builtins.length all <= 12 || alike == [ ] then first 12 all else first 12 alike;
in
{
  inherit name;

  value =
    if found == [ ] then
      throw "${name}: the flake has none of ${builtins.concatStringsSep ", " (map nameOf places)}; it has ${if all == [ ] then "no outputs" else builtins.concatStringsSep ", " listed}${if builtins.length listed < builtins.length all then ", …" else ""}"
    else if builtins.isFunction value || builtins.isAttrs value && value.type or null != "derivation" then value
    else throw "${name}: ${nameOf (builtins.head found)} is ${if builtins.isAttrs value then "a package" else kindOf value}, where a processes model is due: a function or a set";

  # For a model that has no default for its pkgs.
  pkgs = flake.inputs.nixpkgs.legacyPackages.${system} or null;
}
