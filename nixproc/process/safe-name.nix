# What a name has in it that the store takes in a name of a package.
name:

let
  taken = builtins.concatStringsSep "-" (builtins.filter builtins.isString (builtins.split "[^A-Za-z0-9+._?=-]+" name));
in
if taken == "" then "process" else taken
