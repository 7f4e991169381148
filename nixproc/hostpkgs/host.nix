# What is looked up on this host, and how a derivation of hostpkgs is made.
#
# A lookup is a `builtins.pathExists` over a short list of directories, made
# only when a package is really used: nothing here reads a directory.
{ system }:

rec {
  inherit system;

  programDirs = [ "/usr/local/bin" "/usr/bin" "/usr/local/sbin" "/usr/sbin" "/bin" "/sbin" ];

  # The first of the paths that exists, or null.
  firstPath = paths:
    if paths == [ ] then null
    else if builtins.pathExists (builtins.head paths) then builtins.head paths
    else firstPath (builtins.tail paths);

  # The path of a program, or null. `dirs` are searched before the usual ones.
  findProgram = dirs: program: firstPath (map (dir: "${dir}/${program}") (dirs ++ programDirs));

  missing = what: debianPackage:
    throw ("hostpkgs: this host has no ${what}"
      + (if debianPackage == null then ", and Debian 12 has no package of it" else "; on Debian: apt-get install ${debianPackage}"));

  # As in nixpkgs: programs whose interpreter is this need bash, not just sh.
  shell =
    let bash = findProgram [ "/bin" ] "bash";
    in if bash == null then missing "bash" "bash" else bash;

  # The PATH of every builder, after the packages that it asks for.
  searchPath = builtins.concatStringsSep ":" programDirs;

  # Every derivation is cheap and its result belongs to this host: asking a
  # binary cache for it would only cost time.
  local = {
    inherit system;
    preferLocalBuild = true;
    allowSubstitutes = false;
  };

  # A derivation that is a few lines of POSIX shell.
  #
  # Nix takes the end of the builder's output for the end of the builder and then
  # kills what is left of it, which counts as a failure. GNU programs close
  # their output shortly before they end. So none of them may take the shell's
  # place, neither by `exec` nor because a shell does that by itself with the
  # last command: hence the `exit`.
  shellDerivation = name: env: script: derivation (local // {
    name = if name == "" then "unnamed" else name;
    builder = "/bin/sh";
    args = [ "-euc" "${script}\nexit 0" ];
    PATH = searchPath;
  } // env);
}
