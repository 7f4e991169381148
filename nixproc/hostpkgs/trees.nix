# buildEnv and symlinkJoin: trees of symbolic links to the contents of other trees.
{ host, lib, stdenv }:

let
  merge = args: stdenv.mkDerivation ({
    pathsToLink = [ "/" ];
    extraPrefix = "";
    mergeScript = builtins.path { path = ./merge-trees.sh; name = "merge-trees.sh"; };
    passAsFile = [ "trees" ];
    buildCommand = ''
      source "$mergeScript"
      eval "$postBuild"
    '';
  } // args);
in
{
  # A directory that only one of the paths has is one link; of several it is
  # a directory. The same file twice is no collision, two different ones are.
  buildEnv = { name, paths, pathsToLink ? [ "/" ], extraPrefix ? "", ignoreCollisions ? false, postBuild ? "", nativeBuildInputs ? [ ], buildInputs ? [ ], meta ? { }, passthru ? { }, ... }:
    merge {
      inherit name pathsToLink extraPrefix postBuild nativeBuildInputs buildInputs meta;
      trees = lib.concatMapStrings (path: "${path}\n") (builtins.filter (path: path != null) paths);
      collisions = if ignoreCollisions then "first" else "error";
      passthru = passthru // { inherit paths; };
    };

  # Every directory is a directory, so that postBuild can put files there; of
  # two files with the same name the first is taken.
  symlinkJoin = { name ? "${args.pname}-${args.version}", paths, postBuild ? "", nativeBuildInputs ? [ ], buildInputs ? [ ], meta ? { }, passthru ? { }, ... }@args:
    merge {
      inherit name postBuild nativeBuildInputs buildInputs meta;
      trees = lib.concatMapStrings (path: "${path}\n") paths;
      collisions = "first";
      realDirectories = true;
      passthru = passthru // { inherit paths; };
    };
}
