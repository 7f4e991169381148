# Makes what is in $out independent of the host: sourced by builders.
#
#   containLibraries     packages of shared libraries; the first has the loader and libc
#   containInterpreters  paths of the programs that a script's first line may ask for
#
# Libraries that none of these packages has are copied to $out/lib.

# containTree: every program, library and script below $out.
containTree() {
  containLoader=
  for containLoader in "${containLibraries%% *}"/lib/ld-linux*; do :; done
  find "$out" -type f '(' -perm -u=x -o -name '*.so' -o -name '*.so.*' ')' >"$TMPDIR/contained"
  while IFS= read -r file; do
    case $(head -c 4 "$file" | tr '\0' ' ') in
      "$(printf '\177ELF')") containProgram "$file" ;;
      '#!'*) containScript "$file" ;;
    esac
  done <"$TMPDIR/contained"
}

# containProgram FILE: a program or a shared library. What is linked statically needs nothing.
containProgram() {
  if ! patchelf --print-needed "$1" >"$TMPDIR/needed" 2>/dev/null || ! [ -s "$TMPDIR/needed" ]; then return 0; fi
  search=
  copied=
  while IFS= read -r library; do
    case $library in ld-linux*) continue ;; esac
    where=
    for dir in "$out/lib" $containLibraries; do
      case $dir in "$out/lib") ;; *) dir=$dir/lib ;; esac
      if [ -e "$dir/$library" ]; then where=$dir; break; fi
    done
    if [ -z "$where" ]; then
      path=$(ldd "$1" | sed -n "s|^[[:space:]]*$library => \(/.*\) (0x.*|\1|p")
      case $path in
        "") echo "hostpkgs: $1 needs $library, which this host does not have" >&2; return 1 ;;
        "$NIX_STORE"/*) where=${path%/*} ;;
        *)
          mkdir -p "$out/lib"
          cp -L "$path" "$out/lib/$library"
          chmod u+w "$out/lib/$library"
          where=$out/lib
          copied="$copied $out/lib/$library" ;;
      esac
    fi
    case :$search: in *":$where:"*) ;; *) search=${search:+$search:}$where ;; esac
  done <"$TMPDIR/needed"
  # libc opens libraries by itself (libgcc_s), with the program's search path: hence
  # RPATH, which also counts for what libraries open, not RUNPATH.
  case :$search: in *":${containLibraries%% *}/lib:"*) ;; *) search=${search:+$search:}${containLibraries%% *}/lib ;; esac
  chmod u+w "$1"
  if patchelf --print-interpreter "$1" >/dev/null 2>&1; then
    patchelf --set-interpreter "$containLoader" --force-rpath --set-rpath "$search" "$1"
  else
    patchelf --force-rpath --set-rpath "$search" "$1"
  fi
  for library in $copied; do containProgram "$library"; done
}

# containScript FILE: its interpreter becomes one of the store.
containScript() {
  IFS= read -r first <"$1" || :
  words=${first#'#!'}
  # shellcheck disable=SC2086 # words
  set -- "$1" $words
  case $2 in "$NIX_STORE"/*) return 0 ;; esac
  script=$1
  interpreter=$2
  shift 2
  case $interpreter in */env) interpreter=$1; shift ;; esac
  for path in $containInterpreters; do
    case ${path##*/} in
      "${interpreter##*/}")
        chmod u+w "$script"
        { printf '#!%s\n' "$path${*:+ $*}"; tail -n +2 "$script"; } >"$TMPDIR/script"
        cat "$TMPDIR/script" >"$script"
        return 0 ;;
    esac
  done
  echo "hostpkgs: $script needs ${interpreter##*/}, which is not in its package: it is left out" >&2
  rm -f "$script"
}
