# A package made of programs of this host: a tree of symbolic links.
#
# An entry of host-programs.nix has
#   debian    the Debian package to name when it is missing; null: Debian 12 has none
#   programs  names of programs; the first must be there, the others are linked when they are
#   optional  true: none of it has to be there
#   also      more links in bin/: name -> program (for programs with another name on this host)
#   dirs      directories to search before the usual ones
#   calling   those of the programs that call others by their names: they find the host's behind their PATH
#   files     other links: path in the package -> list of paths, of which the first that exists is taken
#   passthru  more attributes of the package, or a function from the package to them
{ host }:
name:
{ debian, programs ? [ ], optional ? false, also ? { }, dirs ? [ ], calling ? [ ], files ? { }, passthru ? { } }:

let
  find = host.findProgram dirs;
  gone = host.missing name debian;

  isCalling = path: builtins.elem (baseNameOf path) calling;
  present = builtins.filter (path: path != null) (map find programs);
  required = program: let path = find program; in if path == null then gone else path;
  linked = if optional || programs == [ ] then present else builtins.seq (required (builtins.head programs)) present;

  others = builtins.attrValues (builtins.mapAttrs (link: program: "${required program} bin/${link}") also)
    ++ builtins.filter (link: link != "") (builtins.attrValues (builtins.mapAttrs
      (link: paths:
        let path = host.firstPath paths;
        in if path != null then "${path} ${link}" else if optional then "" else gone)
      files));

  package = host.shellDerivation name {
    inherit others;
    linked = builtins.filter (path: !(isCalling path)) linked;
    wrapped = builtins.filter isCalling linked;
  } ''
    mkdir -p "$out/bin"
    ln -s bin "$out/sbin"
    set -- $others
    while [ $# -gt 0 ]; do
      case $2 in bin/*) ;; */*) mkdir -p "$out/''${2%/*}" ;; esac
      ln -s "$1" "$out/$2"
      shift 2
    done
    [ -z "$linked" ] || ln -s $linked "$out/bin/"
    for program in $wrapped; do
      printf '%s\n' '#!/bin/sh' "PATH=\''${PATH:+\$PATH:}$PATH exec $program \"\$@\"" >"$out/bin/''${program##*/}"
      chmod 755 "$out/bin/''${program##*/}"
    done
  '';
in
import ./described.nix { inherit name programs passthru package; description = "${name} of this host"; }
