# The part of `lib` that works on strings.
{ lists, attrsets }:

let
  inherit (builtins) concatStringsSep elemAt filter genList isString length match replaceStrings split stringLength substring;

  lower = [ "a" "b" "c" "d" "e" "f" "g" "h" "i" "j" "k" "l" "m" "n" "o" "p" "q" "r" "s" "t" "u" "v" "w" "x" "y" "z" ];
  upper = [ "A" "B" "C" "D" "E" "F" "G" "H" "I" "J" "K" "L" "M" "N" "O" "P" "Q" "R" "S" "T" "U" "V" "W" "X" "Y" "Z" ];
in
rec {
  lowerChars = lower;
  upperChars = upper;
  toUpper = replaceStrings lower upper;
  toLower = replaceStrings upper lower;

  concatStrings = concatStringsSep "";
  concatMapStrings = f: xs: concatStrings (map f xs);
  concatImapStrings = f: xs: concatStrings (lists.imap1 f xs);
  concatMapStringsSep = sep: f: xs: concatStringsSep sep (map f xs);
  concatImapStringsSep = sep: f: xs: concatStringsSep sep (lists.imap1 f xs);
  concatLines = concatMapStrings (line: line + "\n");
  intersperse = sep: xs:
    if length xs < 2 then xs
    else builtins.tail (builtins.concatMap (x: [ sep x ]) xs);
  optionalString = cond: text: if cond then text else "";
  replicate = n: text: concatStrings (lists.replicate n text);
  stringToCharacters = text: genList (i: substring i 1 text) (stringLength text);
  stringAsChars = f: text: concatMapStrings f (stringToCharacters text);

  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix = suffix: text:
    let n = stringLength text - stringLength suffix;
    in n >= 0 && substring n (stringLength suffix) text == suffix;
  hasInfix = infix: text: length (split (escapeRegex infix) text) > 1;
  removePrefix = prefix: text:
    if hasPrefix prefix text then substring (stringLength prefix) (stringLength text) text else text;
  removeSuffix = suffix: text:
    if hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
  splitString = sep: text:
    # `split` drops the context (the references) of what it takes apart: give it back to each piece.
    map (addContextFrom text) (filter isString (split (escapeRegex sep) text));
  trim = text:
    let found = match "[ \t\r\n]*(.*[^ \t\r\n])[ \t\r\n]*" text;
    in if found == null then "" else elemAt found 0;
  fixedWidthString = width: filler: text:
    if stringLength text >= width then text else fixedWidthString width filler (filler + text);
  fixedWidthNumber = width: n: fixedWidthString width "0" (toString n);
  toInt = text:
    let found = match "[ \t]*(-?)0*([0-9]+)[ \t]*" text;
    in if found == null then throw "lib.toInt: '${text}' is no whole number" else builtins.fromJSON "${elemAt found 0}${elemAt found 1}";
  versions = rec {
    major = version: elemAt (builtins.splitVersion version) 0;
    minor = version: elemAt (builtins.splitVersion version) 1;
    majorMinor = version: "${major version}.${minor version}";
  };

  escape = chars: replaceStrings chars (map (char: "\\" + char) chars);
  escapeRegex = escape [ "\\" "^" "$" "." "*" "+" "?" "(" ")" "[" "{" "}" "|" ];
  escapeNixString = text: escape [ "$" ] (builtins.toJSON text);
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
  # A word that needs no quotes gets none, as in today's nixpkgs.
  escapeShellArg = arg:
    let text = toString arg;
    in if match "[[:alnum:],._+:@%/-]+" text != null then text else "'${replaceStrings [ "'" ] [ "'\\''" ] text}'";
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  toShellVar = name: value:
    if builtins.isList value then "declare -a ${name}=(${escapeShellArgs value})" else "${name}=${escapeShellArg value}";
  toShellVars = set: concatStringsSep "\n" (attrsets.mapAttrsToList toShellVar set);
  isStorePath = x: builtins.substring 0 1 (toString x) == "/" && dirOf (toString x) == builtins.storeDir;

  addContextFrom = from: text: substring 0 0 from + text;
  makeSearchPath = sub: paths: concatMapStringsSep ":" (path: "${path}/${sub}") (filter (path: path != null) paths);
  makeSearchPathOutput = output: sub: pkgs: makeSearchPath sub (map (attrsets.getOutput output) pkgs);
  makeBinPath = makeSearchPathOutput "bin" "bin";
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
}
