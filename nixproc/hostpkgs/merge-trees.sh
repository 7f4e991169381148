# Sourced by the builders of trees.nix. Merges the trees that the file $treesPath
# lists, one a line, into $out$extraPrefix by symbolic links. Reads $pathsToLink,
# $collisions (error, first) and $realDirectories (not empty: no link to a directory).
#
# The merge is made in memory first, so that the number of programs that are run
# does not depend on the number of files.

declare -A entry     # relative path -> the file or directory to link, or "/" for a directory of our own
declare -a order     # the relative paths, in the order of their first appearance

isWanted() { # PATH: is it, or does it lie below, one of $pathsToLink?
  local wanted
  for wanted in $pathsToLink; do
    if [[ $wanted = / || "/$1" = "$wanted" || "/$1" = "$wanted"/* ]]; then return 0; fi
  done
  return 1
}

leadsToWanted() { # PATH: does one of $pathsToLink lie below it?
  local wanted
  for wanted in $pathsToLink; do
    if [[ $wanted = "/$1"/* ]]; then return 0; fi
  done
  return 1
}

addChildren() { # PATH DIRECTORY
  local child
  for child in "$2"/* "$2"/.[!.]* "$2"/..?*; do
    if [[ -e $child || -L $child ]]; then add "${1:+$1/}${child##*/}" "$child"; fi
  done
}

open() { # PATH: make a directory of our own of it
  local old=${entry[$1]-}
  if [[ $old = / ]]; then return; fi
  if [[ -z $old ]]; then order+=("$1"); fi
  entry[$1]=/
  if [[ -n $old ]]; then addChildren "$1" "$old"; fi
}

isSame() { # FILE FILE: same contents, and both or none executable; what leads nowhere is not compared
  if [[ ! -e $1 || ! -e $2 ]]; then return 0; fi
  [[ -x $1 && -x $2 || ! -x $1 && ! -x $2 ]] && cmp -s -- "$1" "$2"
}

add() { # PATH SOURCE
  local old=${entry[$1]-}
  if ! isWanted "$1"; then
    if leadsToWanted "$1" && [[ -d $2 ]]; then open "$1"; addChildren "$1" "$2"; fi
  elif [[ -z $old ]]; then
    if [[ -n $realDirectories && -d $2 ]]; then
      open "$1"
      addChildren "$1" "$2"
    else
      entry[$1]=$2
      order+=("$1")
    fi
  elif [[ $old = "$2" ]]; then
    return
  elif [[ -d $2 && ( $old = / || -d $old ) ]]; then
    open "$1"
    addChildren "$1" "$2"
  elif [[ $collisions = first ]]; then
    return
  elif [[ $old = / || -d $old || -d $2 ]]; then
    printf '%s\n' "hostpkgs: collision at $1: ${2} and what other paths have there are a directory and a file" >&2
    exit 1
  elif ! isSame "$old" "$2"; then
    printf '%s\n' "hostpkgs: collision at $1: $old and $2 differ" >&2
    exit 1
  fi
}

writeTree() {
  local top=$out$extraPrefix path parent
  local -A linksIn
  {
    printf '%s\0' "$top"
    for path in "${order[@]}"; do
      if [[ ${entry[$path]} = / ]]; then printf '%s\0' "$top/$path"; fi
    done
  } | xargs -0 mkdir -p --
  # A link has its source's name, so one `ln` makes all links of a directory.
  for path in "${order[@]}"; do
    if [[ ${entry[$path]} = / ]]; then continue; fi
    parent=
    if [[ $path = */* ]]; then parent=${path%/*}; fi
    linksIn[/$parent]+=${entry[$path]}$'\n'
  done
  for parent in "${!linksIn[@]}"; do
    printf '%s' "${linksIn[$parent]}" | tr '\n' '\0' | xargs -0 sh -c 'ln -s "$@" "$0"' "$top$parent/"
  done
}

while IFS= read -r tree; do
  if [[ ! -d $tree ]]; then
    printf '%s\n' "hostpkgs: $tree is not a directory, so it cannot be merged" >&2
    exit 1
  fi
  addChildren "" "$tree"
done <"$treesPath"
writeTree
