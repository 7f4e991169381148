# The shell functions that every init script sources: start_daemon, killproc,
# statusproc and their kin, by the LSB names.

{ stdenv
  # Packages whose programs come first on the PATH of init scripts.
, basePackages
  # Where a process that was given no pid file has it.
, runtimeDir
  # Older expressions pass it; nothing is fetched.
, fetchurl ? null
}:

let
  # The placeholders stand between single quotes.
  inQuotes = builtins.replaceStrings [ "'" ] [ "'\\''" ];
in
derivation {
  name = "init-functions";
  inherit (stdenv) system;
  builder = stdenv.shell;
  args = [ "-c" "printf '%s' \"$text\" > \"$out\"" ];
  preferLocalBuild = true;
  allowSubstitutes = false;
  text = builtins.replaceStrings [ "@shell@" "@path@" "@runtimeDir@" ]
    [
      stdenv.shell
      (inQuotes (builtins.concatStringsSep ":" (map (package: "${package}/bin") basePackages)))
      (inQuotes runtimeDir)
    ]
    (builtins.readFile ./init-functions.sh);
}
