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

fact() { printf '%s\n' "$*"; }

# NUL-terminated words of a file of /proc, one a line; a line break is a blank.
words() { tr '\n\000' ' \n' <"$1"; }

# stat_fields PID: what proc(5) lists from field 3 (the state) on. The name
# before it stands in parentheses and may hold anything.
stat_fields() { tr '\n' ' ' <"/proc/$1/stat" 2>/dev/null | sed 's/.*) //'; }

# process NAME PID [VARIABLE...]
process() {
    name=$1 pid=$2 dir=/proc/$2
    shift 2
    fields=$(stat_fields "$pid")
    if [ -z "$fields" ]; then
        fact "process $name gone $pid"
        return
    fi
    fact "process $name pid $pid"
    fact "process $name start $(echo "$fields" | cut -d ' ' -f 20)"
    fact "process $name state $(echo "$fields" | cut -d ' ' -f 1)"
    fact "process $name nice $(echo "$fields" | cut -d ' ' -f 17)"
    fact "process $name user $(awk '/^Uid:/ { print $3 }' "$dir/status")"
    fact "process $name umask $(awk '/^Umask:/ { print $2 }' "$dir/status")"
    fact "process $name directory $(readlink "$dir/cwd" || :)"
    fact "process $name program $(words "$dir/cmdline" | head -n 1)"
    fact "process $name environment" $(words "$dir/environ" | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' | sort)
    for variable; do
        words "$dir/environ" | sed -n "s/^$variable=/process $name variable $variable=/p"
    done
}

observe() {
    for file in "$state"/*.pid "$state"/*/*.pid; do
        [ -f "$file" ] || continue
        name=$(basename "$file" .pid)
        read -r pid rest <"$file" || :
        case ${pid:-} in
            '' | *[!0-9]*) fact "process $name rubbish in its pid file" ;;
            *) process "$name" "$pid" "$@" ;;
        esac
    done
    for link in "$profiles"/*; do
        [ ! -L "$link" ] || fact "profile $(basename "$link") -> $(readlink "$link")"
    done
    for file in /etc/passwd /etc/group; do
        fact "file $file $(cksum <"$file")"
    done
}

observe "$@" | sort
