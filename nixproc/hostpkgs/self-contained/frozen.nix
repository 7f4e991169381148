# This set as it is now, for a place without the host: a directory in the shape of
# nixpkgs, in which each package is the store path that it has here. It refers to
# none but those that builders need; the others are there where something else has
# brought them.
{ lib, host, programs, tools }:

let
  framework = builtins.path {
    path = ../../.;
    name = "nixproc";
    filter = path: type: type == "directory" || builtins.any (suffix: lib.hasSuffix suffix path) [ ".nix" ".sh" "/setup" ];
  };

  pathOf = name:
    let path = builtins.tryEval programs.${name}.outPath;
    in lib.optional path.success (lib.nameValuePair name (builtins.unsafeDiscardStringContext path.value));
in
host.shellDerivation "hostpkgs-frozen"
{
  expression = ''
    # Packages of a host, which are in this store.
    { ... }@args: import ${framework}/hostpkgs/self-contained (args // { frozen = import ./packages.nix; })
  '';
  packages = "builtins.fromJSON ''${builtins.toJSON (builtins.listToAttrs (lib.concatMap pathOf (builtins.attrNames programs)))}''\n";
  inherit tools;
} ''
  mkdir "$out"
  printf '%s' "$expression" >"$out/default.nix"
  printf '%s' "$packages" >"$out/packages.nix"
  echo "$tools" >"$out/tools"
''
