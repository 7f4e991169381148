#!/bin/sh
# Writes down what really is, one fact a line, sorted: every process that a pid
# file below a state directory names, the links of Nix profiles, and checksums
# of the account files. It looks at /proc and at files, never at nixproc, so
# that tests can hold nixproc's claims against it.
#
# usage: observer.sh STATE-DIR PROFILE-DIR [VARIABLE...]
#
# Of the environment only names are written, values only of the VARIABLEs. The
# name of a fact's process is that of its pid file, without the ending.
set -eu
LC_ALL=C
export LC_ALL

state=$1 profiles=$2
shift 2

newline='
'
fact() { printf '%s\n' "$*"; }

# NUL-terminated words of a file of /proc, one a line; a line break is a blank.
# A zombie has none, and what ends meanwhile has no file.
words() { { tr '\n\000' ' \n' <"$1"; } 2>/dev/null || :; }

# process NAME PID [VARIABLE...]
process() {
    name=$1 pid=$2 dir=/proc/$2
    shift 2
    variables=$*
    if ! stat=$(cat "$dir/stat" 2>/dev/null); then
        fact "process $name gone $pid"
        return
    fi
    # The name in parentheses may hold anything; after it come the fields from
    # 3 (the state) on, as proc(5) lists them.
    set -- ${stat##*)}
    fact "process $name pid $pid"
    case $1 in
        Z | X) fact "process $name state $1" ;;
        *) fact "process $name state alive" ;; # which of the others is chance
    esac
    fact "process $name nice ${17}"
    fact "process $name start ${20}"
    awk -v name="$name" '/^Uid:/ { print "process", name, "user", $3 } /^Umask:/ { print "process", name, "umask", $2 }' "$dir/status" 2>/dev/null || :
    fact "process $name directory $(readlink "$dir/cwd" || :)"
    program=$(words "$dir/cmdline")
    fact "process $name program ${program%%"$newline"*}"
    # One that has just ended has none to read.
    environ=$(words "$dir/environ" 2>/dev/null) || environ=''
    fact "process $name environment" $(fact "$environ" | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' | sort)
    for variable in $variables; do
        fact "$environ" | sed -n "s/^$variable=/process $name variable $variable=/p"
    done
}

observe() {
    for file in "$state"/*.pid "$state"/*/*.pid; do
        [ -f "$file" ] || continue
        name=${file##*/}
        name=${name%.pid}
        read -r pid rest <"$file" || :
        case ${pid:-} in
            '' | *[!0-9]*) fact "process $name rubbish in its pid file" ;;
            *) process "$name" "$pid" "$@" ;;
        esac
    done
    for link in "$profiles"/*; do
        [ ! -L "$link" ] || fact "profile ${link##*/} -> $(readlink "$link")"
    done
    for file in /etc/passwd /etc/group; do
        fact "file $file $(cksum <"$file")"
    done
}

observe "$@" | sort
