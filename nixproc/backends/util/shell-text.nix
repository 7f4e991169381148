# A text for the shell, in the store. The derivation is made of a shell and the
# text alone, so the path stays the same when this framework is upgraded. There
# is no chmod(1) in it: run the file as "SHELL FILE".

{ stdenv }:

name: text:

derivation {
  inherit name text;
  inherit (stdenv) system;
  builder = stdenv.shell;
  args = [ "-c" "printf '%s\\n' \"$text\" > \"$out\"" ];
  preferLocalBuild = true;
  allowSubstitutes = false;
}
