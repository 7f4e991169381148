# A derivation that is made of a shell, a script and texts, which the script
# finds in its variables: so its path stays the same when this framework is
# upgraded. Disnix compares paths.

{ stdenv
  # Without it, the script gets its programs from stdenv, on which the path
  # depends then.
, coreutils ? null
}:

name: texts: script:

# A program that takes the shell's place could be killed for ending late.
if coreutils == null
then stdenv.mkDerivation (texts // { inherit name; buildCommand = script; })
else
  derivation (texts // {
    inherit name;
    system = builtins.currentSystem or stdenv.system;
    builder = stdenv.shell;
    args = [ "-euc" "${script}\nexit 0" ];
    PATH = "${coreutils}/bin";
    preferLocalBuild = true;
    allowSubstitutes = false;
  })
