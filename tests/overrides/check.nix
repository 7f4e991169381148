# Looks at what overrides see and do, for one process manager. Values of the
# generated arguments are told apart by texts that are in no other.

{ create           # createManagedProcess for the manager
, manager
, layer ? null     # where overrides have several parts, the one that is meant
, sample           # properties of a process, those of ./samples.nix
, nested           # generated arguments that are sets of generated arguments
, required         # what can't be left out
, unused           # what has an effect only beside other arguments
}:

let
  inherit (builtins) attrNames concatMap elem filter foldl' head isAttrs isBool isInt isList isString tail toJSON;

  samples = import ./samples.nix { inherit create; };
  properties = samples.${sample};

  specOf = change: (create (properties // {
    overrides.${manager} = if layer == null then change else { ${layer} = change; };
  })).nixproc;

  # The specification as text; what it refers to needs not be built.
  textOf = change: builtins.unsafeDiscardStringContext (toJSON (removeAttrs (specOf change) [ "tree" ]));

  join = builtins.concatStringsSep ".";
  pathsIn = prefix: set: concatMap
    (name:
      let path = prefix ++ [ name ];
      in if elem (join path) nested then pathsIn path set.${name} else [ path ])
    (attrNames set);

  get = path: set: if path == [ ] then set else get (tail path) set.${head path};
  at = path: value: if path == [ ] then value else { ${head path} = at (tail path) value; };
  replace = path: value: set:
    if path == [ ] then value else set // { ${head path} = replace (tail path) value set.${head path}; };
  delete = path: set:
    if tail path == [ ] then removeAttrs set path
    else set // { ${head path} = delete (tail path) set.${head path}; };

  # The name of a process is in every specification: what overrides see comes
  # out by it.
  seen = tell: builtins.fromJSON (builtins.unsafeDiscardStringContext
    (specOf (given: given // { name = toJSON (tell given); })).name);
  paths = seen (pathsIn [ ]);
  kindOf = path: seen (given:
    let value = get path given;
    in if isString value then "text" else if value ? outPath then "package" else if isList value then "list" else if isAttrs value then "set"
    else if isBool value then "truth" else if isInt value then "number" else "nothing");

  mark = "replaced-by-an-override";

  # Another value of the same kind.
  other = path: kind:
    let name = join path; in
    if name == "dependencies" then [ (create { name = mark; process = "/bin/x"; }) ]
    else if name == "credentials" then { users.${mark} = { }; }
    else if kind == "list" then [ mark mark ]
    else if kind == "package" then "/${mark}"
    else if kind == "set" then { ${mark} = "x"; }
    else mark;

  append = kind: old: new:
    if kind == "text" then old + new
    else if kind == "list" then old ++ new
    else old // new;

  usual = textOf { };
  has = text: builtins.match ".*${mark}.*" (builtins.replaceStrings [ "\n" ] [ " " ] text) != null;

  check = path:
    let
      name = join path;
      kind = kindOf path;
      value = other path kind;
      replaced = kind == "truth" || has (textOf (given: replace path value given));
      merged = kind == "truth" || has (textOf (at path value));
      appendable = elem kind [ "text" "list" "set" ];
      empty = seen (given: elem (get path given) [ null "" [ ] { } ]);
      appended = textOf (given: replace path (append kind (get path given) value) given);
      keeps = empty || appended != textOf (given: replace path value given);
      left = textOf (given: delete path given);
    in
    concatMap (one: if one.fails then [ "${name}: ${one.what}" ] else [ ]) [
      { fails = !replaced; what = "a function does not replace it"; }
      { fails = !merged; what = "a set does not replace it"; }
      { fails = appendable && !(has appended); what = "a function does not append to it"; }
      { fails = appendable && !keeps; what = "what a function appends to is lost"; }
      { fails = !(elem name required) && left == usual && !empty && kind != "truth"; what = "a function does not delete it"; }
    ];
in
{
  names = map join paths;
  problems = concatMap check (filter (path: !(elem (join path) unused)) paths);
}
