# A package of programs of this host that needs nothing else of the host: copies,
# with the libraries that they need. Its entry is one of host-programs.nix (see
# host-package.nix for what that means), and may have besides
#   scripts  paths of interpreters of its scripts, besides the shell's
#   finish   shell instructions, when all is copied and before it is made independent
{ host, libraries, shell }:
name:
{ debian, programs ? [ ], optional ? false, also ? { }, dirs ? [ ], calling ? [ ], files ? { }, passthru ? { }, scripts ? [ ], finish ? "" }:

let
  find = host.findProgram dirs;
  gone = host.missing name debian;
  required = program: let path = find program; in if path == null then gone else path;
  wanted = builtins.filter (entry: entry.path != null) (map (program: { name = program; path = find program; }) programs)
    ++ builtins.attrValues (builtins.mapAttrs (name: program: { inherit name; path = required program; }) also);
  trees = builtins.filter (entry: entry.path != null) (builtins.attrValues (builtins.mapAttrs
    (link: paths:
      let path = host.firstPath paths;
      in { name = link; path = if path == null && !optional then gone else path; })
    files));
  there = if optional || programs == [ ] then wanted else builtins.seq (required (builtins.head programs)) wanted;

  package = host.shellDerivation name {
    bin = builtins.concatMap (entry: [ entry.name entry.path ]) there;
    other = builtins.concatMap (entry: [ entry.name entry.path ]) trees;
    # Made anew when a program has changed on the host.
    contents = map (entry: builtins.hashFile "sha256" entry.path) there;
    containInterpreters = (if shell == null then [ ] else [ "${shell}/bin/bash" "${shell}/bin/sh" ])
      ++ scripts;
    contain = ./contain.sh;
    containLibraries = libraries;
    inherit finish;
  } ''
    mkdir -p "$out/bin"
    ln -s bin "$out/sbin"
    set -- $bin
    while [ $# -gt 0 ]; do
      # Several names of one program are links to the first.
      real=$(readlink -f "$2")
      known=$(grep -F "$real " names 2>/dev/null | head -n 1) || :
      if [ -n "$known" ]; then
        ln -s "''${known#"$real "}" "$out/bin/$1"
      else
        cp "$real" "$out/bin/$1"
        chmod 755 "$out/bin/$1"
        echo "$real $1" >>names
      fi
      shift 2
    done
    set -- $other
    while [ $# -gt 0 ]; do
      case $1 in */*) mkdir -p "$out/''${1%/*}" ;; esac
      cp -RL "$2" "$out/$1"
      chmod -R u+w "$out/$1"
      shift 2
    done
    . "$contain"
    eval "$finish"
    containTree
  '';
in
import ../described.nix { inherit name programs passthru package; description = "${name} of this host, self-contained"; }
