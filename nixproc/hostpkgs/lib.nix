# The functions of nixpkgs' `lib` that processes models, constructor functions
# and small packages use: same names, same order of arguments, same results.
# Nothing in here knows of packages or of this host.
let
  inherit (builtins) attrNames concatLists concatStringsSep elemAt filter foldl' genList getAttr hasAttr head
    isAttrs isFunction isList isString length listToAttrs match replaceStrings split stringLength substring tail;

  lists = rec {
    singleton = x: [ x ];
    optional = cond: x: if cond then [ x ] else [ ];
    optionals = cond: xs: if cond then xs else [ ];
    toList = x: if isList x then x else [ x ];
    range = first: last: if first > last then [ ] else genList (i: first + i) (last - first + 1);
    replicate = n: x: genList (_: x) n;
    foldr = f: nil: xs:
      let
        n = length xs;
        go = i: if i == n then nil else f (elemAt xs i) (go (i + 1));
      in
      go 0;
    fold = foldr;
    foldl = f: nil: xs:
      let go = i: if i == -1 then nil else f (go (i - 1)) (elemAt xs i);
      in go (length xs - 1);
    imap0 = f: xs: genList (i: f i (elemAt xs i)) (length xs);
    imap1 = f: xs: genList (i: f (i + 1) (elemAt xs i)) (length xs);
    flatten = x: if isList x then builtins.concatMap flatten x else [ x ];
    remove = x: filter (y: y != x);
    findFirst = pred: default: xs:
      let found = filter pred xs;
      in if found == [ ] then default else head found;
    count = pred: foldl' (n: x: if pred x then n + 1 else n) 0;
    last = xs: if xs == [ ] then throw "lib.last: the list is empty" else elemAt xs (length xs - 1);
    init = xs: if xs == [ ] then throw "lib.init: the list is empty" else take (length xs - 1) xs;
    sublist = start: count: xs:
      let n = length xs;
      in genList (i: elemAt xs (start + i)) (if start >= n then 0 else if start + count > n then n - start else count);
    take = sublist 0;
    drop = n: xs: sublist n (length xs) xs;
    reverseList = xs: let n = length xs; in genList (i: elemAt xs (n - i - 1)) n;
    unique = foldl' (seen: x: if builtins.elem x seen then seen else seen ++ [ x ]) [ ];
    intersectLists = wanted: filter (x: builtins.elem x wanted);
    subtractLists = unwanted: filter (x: !(builtins.elem x unwanted));
    mutuallyExclusive = a: b: intersectLists a b == [ ];
    zipListsWith = f: a: b:
      genList (i: f (elemAt a i) (elemAt b i)) (if length a < length b then length a else length b);
    zipLists = zipListsWith (fst: snd: { inherit fst snd; });
    crossLists = f: foldl (fs: xs: builtins.concatMap (g: map g xs) fs) [ f ];
    naturalSort = builtins.sort builtins.lessThan;
  };

  attrsets = rec {
    nameValuePair = name: value: { inherit name value; };
    optionalAttrs = cond: set: if cond then set else { };
    attrByPath = path: default: set:
      if path == [ ] then set
      else if isAttrs set && hasAttr (head path) set then attrByPath (tail path) default (getAttr (head path) set)
      else default;
    hasAttrByPath = path: set:
      path == [ ] || (isAttrs set && hasAttr (head path) set && hasAttrByPath (tail path) (getAttr (head path) set));
    getAttrFromPath = path: attrByPath path (throw "lib.getAttrFromPath: no attribute ${concatStringsSep "." path}");
    setAttrByPath = path: value: if path == [ ] then value else { ${head path} = setAttrByPath (tail path) value; };
    attrVals = names: set: map (name: set.${name}) names;
    getAttrs = names: set: genAttrs names (name: set.${name});
    genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
    mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    attrsToList = mapAttrsToList nameValuePair;
    concatMapAttrs = f: set: foldl' (a: b: a // b) { } (mapAttrsToList f set);
    filterAttrs = pred: set:
      listToAttrs (builtins.concatMap (name: lists.optional (pred name set.${name}) (nameValuePair name set.${name})) (attrNames set));
    foldAttrs = op: nil: sets:
      lists.foldr (set: acc: foldl' (a: name: a // { ${name} = op set.${name} (a.${name} or nil); }) acc (attrNames set)) { } sets;
    mapAttrsRecursive = mapAttrsRecursiveCond (_: true);
    mapAttrsRecursiveCond = cond: f:
      let
        go = path: builtins.mapAttrs (name: value:
          if isAttrs value && cond value then go (path ++ [ name ]) value else f (path ++ [ name ]) value);
      in
      go [ ];
    collect = pred: set:
      if pred set then [ set ] else if isAttrs set then builtins.concatMap (collect pred) (builtins.attrValues set) else [ ];
    recursiveUpdateUntil = pred:
      let
        go = path: old: new: old // builtins.mapAttrs (name: value:
          if hasAttr name old && !(pred (path ++ [ name ]) old.${name} value)
          then go (path ++ [ name ]) old.${name} value else value) new;
      in
      go [ ];
    recursiveUpdate = recursiveUpdateUntil (_: old: new: !(isAttrs old && isAttrs new));
    zipAttrsWithNames = names: f: sets:
      genAttrs names (name: f name (builtins.concatMap (set: lists.optional (set ? ${name}) set.${name}) sets));
    zipAttrsWith = f: sets: zipAttrsWithNames (lists.unique (builtins.concatMap attrNames sets)) f sets;
    isDerivation = x: x.type or null == "derivation";
    getOutput = output: pkg: if pkg ? outputSpecified && pkg.outputSpecified then pkg else pkg.${output} or pkg.out or pkg;
    getBin = getOutput "bin";
    getLib = getOutput "lib";
    getDev = getOutput "dev";
    getMan = getOutput "man";
    getName = x: if isString x then (builtins.parseDrvName x).name else x.pname or (builtins.parseDrvName x.name).name;
    getVersion = x: if isString x then (builtins.parseDrvName x).version else x.version or (builtins.parseDrvName x.name).version;
    getExe = pkg: getExe' pkg (pkg.meta.mainProgram or (getName pkg));
    getExe' = pkg: program: "${getBin pkg}/bin/${program}";
  };

  strings = import ./lib-strings.nix { inherit lists attrsets; };

  fixedPoints = rec {
    fix = f: let x = f x; in x;
    extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
    composeExtensions = f: g: final: prev: let step = f final prev; in step // g final (prev // step);
    composeManyExtensions = lists.foldr composeExtensions (_: _: { });
    makeExtensible = makeExtensibleWithCustomName "extend";
    makeExtensibleWithCustomName = name: f:
      fix (extends (_: _: { ${name} = overlay: makeExtensibleWithCustomName name (extends overlay f); }) f);
    makeOverridable = f: args:
      let
        result = f args;
        override = change: makeOverridable f (args // (if isFunction change then change args else change));
      in
      if isAttrs result then result // { inherit override; }
      else if isFunction result then { inherit override; __functor = _: result; __functionArgs = builtins.functionArgs result; }
      else result;
    setFunctionArgs = f: args: { __functor = _: f; __functionArgs = args; };
    functionArgs = f: f.__functionArgs or (builtins.functionArgs (if f ? __functor then f.__functor f else f));
  };

  trivial = rec {
    id = x: x;
    const = x: _: x;
    flip = f: a: b: f b a;
    pipe = foldl' (x: f: f x);
    mergeAttrs = a: b: a // b;
    min = a: b: if a < b then a else b;
    max = a: b: if a > b then a else b;
    mod = a: b: a - b * (a / b);
    boolToString = b: if b then "true" else "false";
    isFunction = f: builtins.isFunction f || (f ? __functor && isFunction (f.__functor f));
    importJSON = path: builtins.fromJSON (builtins.readFile path);
    importTOML = path: builtins.fromTOML (builtins.readFile path);
    warn = message: builtins.trace "warning: ${message}";
    warnIf = cond: message: if cond then warn message else id;
    throwIf = cond: message: if cond then throw message else id;
    throwIfNot = cond: throwIf (!cond);
    assertMsg = cond: message: cond || throw message;
    versionOlder = a: b: builtins.compareVersions b a == 1;
    versionAtLeast = a: b: !(versionOlder a b);
    addMetaAttrs = meta: drv: drv // { meta = drv.meta or { } // meta; };
    # Priorities are read by modules only; a model that passes such a value on
    # finds its content where nixpkgs has it too.
    mkOverride = priority: content: { _type = "override"; inherit priority content; };
    mkDefault = mkOverride 1000;
    mkForce = mkOverride 50;
    inNixShell = builtins.getEnv "IN_NIX_SHELL" != "";
    # License names are only ever shown.
    licenses = attrsets.genAttrs [ "mit" "isc" "asl20" "bsd2" "bsd3" "gpl2" "gpl3" "lgpl21" "mpl20" "free" "unfree" ]
      (shortName: { inherit shortName; });
    platforms = rec {
      linux = [ "x86_64-linux" "aarch64-linux" "i686-linux" "armv7l-linux" "riscv64-linux" ];
      darwin = [ "x86_64-darwin" "aarch64-darwin" ];
      freebsd = [ "x86_64-freebsd" ];
      unix = linux ++ darwin ++ freebsd;
      all = unix;
    };
    maintainers = { };
  };

  generators = rec {
    toJSON = _: builtins.toJSON;
    toYAML = toJSON;
    mkValueStringDefault = _: value:
      if builtins.isBool value then trivial.boolToString value else if value == null then "null" else toString value;
    mkKeyValueDefault = { mkValueString ? mkValueStringDefault { } }: sep: key: value:
      "${strings.escape [ sep ] key}${sep}${mkValueString value}";
    toKeyValue = { mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false, indent ? "" }: set:
      strings.concatStrings (builtins.concatMap
        (name: map (value: "${indent}${mkKeyValue name value}\n")
          (if listsAsDuplicateKeys then lists.toList set.${name} else [ set.${name} ]))
        (attrNames set));
    toINI = { mkSectionName ? (name: strings.escape [ "[" "]" ] name), mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false }: sections:
      concatStringsSep "\n" (attrsets.mapAttrsToList
        (name: values: "[${mkSectionName name}]\n" + toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } values) sections);
  };
in
{
  inherit (builtins) add all any attrNames attrValues catAttrs concatLists concatMap concatStringsSep deepSeq elem elemAt
    filter foldl' fromJSON genList getAttr groupBy hasAttr head intersectAttrs isAttrs isBool isFloat isInt isList isPath
    isString length lessThan listToAttrs mapAttrs match partition readFile removeAttrs replaceStrings seq sort split
    splitVersion stringLength substring tail toJSON tryEval;
  inherit generators lists attrsets strings trivial fixedPoints;
}
// lists // attrsets // strings // fixedPoints // trivial
