# The programs that run scripts call before they become the process, by their
# paths. They end, or are replaced, so another version of them restarts nothing:
# the settings tell the profile's builder which words those are.

{ stdenv
, execline
, s6 ? null
, coreutils ? null
  # More words, by a name for what they do.
, more ? { }
}:

let
  path = package: name: if package == null then name else "${package}/bin/${name}";

  words = {
    execlineb = path execline "execlineb";
    execline-cd = path execline "execline-cd";
    execline-umask = path execline "execline-umask";
    exec = path execline "exec";
    export = path execline "export";
    fdmove = path execline "fdmove";
    if_ = path execline "if";
    redirfd = path execline "redirfd";
    s6-log = path s6 "s6-log";
    s6-setuidgid = path s6 "s6-setuidgid";
    chown = path coreutils "chown";
    mkdir = path coreutils "mkdir";
    nice = path coreutils "nice";
    shell = toString stdenv.shell;
  } // more;
in
words // {
  settings = import ../../process/settings.nix {
    words = builtins.mapAttrs (_: builtins.unsafeDiscardStringContext) words;
  };
}
