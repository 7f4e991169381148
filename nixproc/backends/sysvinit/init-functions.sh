#!@shell@
# The functions that a sysvinit script expects of its system: "Init Script
# Functions" of the Linux Standard Base, and the names that scripts of this
# framework call beside them. Every generated script sources this file, so
# sourcing runs no program, and looking at a healthy process runs none either.
#
# For any shell with `local`: bash, dash, busybox. Local variables are visible
# in the functions called from there, and that is how the private ones (_lsb_*)
# hand back results: each says which variables it sets, its callers declare
# them.
#
# A process is known by its pid file alone. Other processes of the same program
# may be other instances, so no search by name takes place, ever. And the file
# is not taken at its word: see _lsb_ours.
#
# Whoever fills in the @placeholders@ writes a single quote in them as '\''.

PATH='@path@'"${PATH:+:$PATH}"
PATH="${PATH#:}" # an empty first element would be the working directory
export PATH

# What a script makes can be read by the processes that it starts, whatever the
# shell of whoever calls it is set to.
umask 022

_lsb_runtime_dir='@runtimeDir@'

# --- What a pid file says ----------------------------------------------------

# _lsb_stat PID: sets comm and start (clock ticks after boot) of a process.
# Fails when there is none or it is dead. A zombie is dead, unless only its
# first thread has ended and others go on.
_lsb_stat() {
    local line='' text='' IFS=' '
    while IFS= read -r line || [ -n "$line" ]; do
        text="$text$line " # the command name may hold line breaks,
    done 2>/dev/null <"/proc/$1/stat" || return 1
    [ -n "$text" ] || return 1
    comm="${text#*\(}"
    comm="${comm%\)*}" # spaces and parentheses too
    # From here on proc(5) counts from field 3: state is 1, num_threads 18,
    # starttime 20.
    set -- ${text##*\)}
    case $1 in
        Z) [ "${18}" -gt 1 ] || return 1 ;;
        X | x) return 1 ;;
    esac
    start="${20}"
}

# _lsb_runs PID PROG: is it PROG that the process runs? Needs comm.
_lsb_runs() {
    local base="${2##*/}" word='' words=''
    [ "$comm" = "$base" ] && return 0
    case $base in # the kernel keeps 15 bytes of a name
        "$comm"*) [ "${#comm}" -lt 15 ] || return 0 ;;
    esac
    # Not through a link: that may lead to a program of many names (busybox).
    [ ! -L "$2" ] && [ "/proc/$1/exe" -ef "$2" ] && return 0
    # Scripts, wrappers, and daemons that rewrite their title. Arguments end in
    # NUL, which dash's read can neither keep nor stop at.
    if [ -n "${BASH_VERSION-}" ]; then
        while IFS= read -r -d '' word || [ -n "$word" ]; do
            words="$words$word "
        done 2>/dev/null <"/proc/$1/cmdline"
    else
        words="$(tr '\000' ' ' 2>/dev/null <"/proc/$1/cmdline") "
    fi 2>/dev/null
    case $words in
        "$base "* | "$base: "* | *"/$base "* | *"/$base: "*) return 0 ;;
    esac
    return 1
}

# _lsb_older PID FILE: was the process there when FILE was last written? Needs
# start. 0 yes, 1 no, 2 unknown.
_lsb_older() {
    local began="$start" facts IFS='
 '
    # The subshell has just begun, so its own start time is "now" in ticks.
    facts=$(_lsb_stat self && echo "$start" &&
        stat -L -c '%Y' -- "$2" 2>/dev/null && date +%s) || return 2
    set -- $facts # NOW-TICKS MTIME NOW
    # 100 ticks a second for programs on every Linux; 2 s for rounding.
    [ $((($1 - began) / 100 + 2)) -ge $(($3 - $2)) ]
}

# _lsb_runs_as PID UID: is it the user whom the process runs as, or did? The
# owner of its directory in /proc is root where it has changed its user.
_lsb_runs_as() {
    local key='' ids='' IFS='	 '
    while read -r key ids && [ "$key" != Uid: ]; do :; done 2>/dev/null <"/proc/$1/status"
    case "	$ids	" in *"	$2	"*) return 0 ;; esac
    return 1
}

# _lsb_believed PID PROG FILE: may whoever has written FILE say which process is
# meant? Root and we may. Others may name processes of their own, and if anybody
# may write in the directory (it is sticky then), only the user that the script
# has in _lsb_user may, or, where it has none, who runs PROG. A link has to be
# root's or ours, and another name of the file may be somebody else's pid file.
# Needs comm.
_lsb_believed() {
    local why='' dir="${3%/*}" link='' facts='' IFS='
 '
    # The usual case takes no program.
    [ ! -h "$3" ] && [ -O "$3" ] && [ ! -k "${dir:-/}" ] && return 0
    # Link's owner, owner, its name, number of names, our own number.
    facts=$({ stat -c %u -- "$3" && stat -L -c '%u %U %h' -- "$3" && id -u; } 2>/dev/null) || return 1
    set -- "$1" "$2" "$3" $facts
    if [ "$4" != 0 ] && [ "$4" != "$8" ] && [ -h "$3" ]; then
        why="is a link that belongs to user $4"
    elif [ "$7" -gt 1 ]; then
        why="has another name, which may be somebody else's pid file"
    elif [ "$5" = 0 ] || [ "$5" = "$8" ]; then
        return 0
    elif ! _lsb_runs_as "$1" "$5"; then
        why="belongs to $6, who does not run process $1"
    else
        link=$(readlink -f -- "$3") || return 1
        dir="${link%/*}"
        [ -k "${dir:-/}" ] || return 0
        if [ -n "${_lsb_user-}" ]; then
            [ "$_lsb_user" != "$6" ] && [ "$_lsb_user" != "$5" ] || return 0
            why="belongs to $6, not to $_lsb_user"
        else
            _lsb_runs "$1" "$2" && return 0
            why="names process $1 of $6, which is not ${2##*/}"
        fi
    fi
    echo "warning: $3 is not believed: it $why" >&2
    return 1
}

# _lsb_ours PID PROG FILE: is the process that FILE names still the one that it
# was written for? It is when it runs PROG, or when it is older than the file:
# whoever got the number second is younger. A file from before this boot (its
# /proc is younger) may name another instance of PROG, so there the time must
# not contradict. This very script is often called like its program, and so is
# its parent in `$0 stop`, whose name therefore proves nothing. Sets start.
_lsb_ours() {
    local comm='' older=0
    [ "$1" != "$$" ] || return 1
    if [ ! -r /proc/self/stat ]; then
        kill -0 "$1" 2>/dev/null
        return
    fi
    _lsb_stat "$1" || return 1
    _lsb_believed "$1" "$2" "$3" || return 1
    if [ "$1" != "$PPID" ] && _lsb_runs "$1" "$2"; then
        [ "$3" -ot /proc ] || return 0
        _lsb_older "$1" "$3" || older=$?
        [ "$older" -ne 1 ]
    else
        _lsb_older "$1" "$3"
    fi
}

# _lsb_find FILE PROG: sets pid and start of the process in FILE. Returns what
# LSB's status action does: 0 runs, 1 dead but there is a file, 3 no file,
# 4 unknown, since the file cannot be read.
_lsb_find() {
    local rest=''
    pid=''
    [ -e "$1" ] || [ -h "$1" ] || return 3
    [ -f "$1" ] || return 1
    [ -r "$1" ] || return 4
    read -r pid rest 2>/dev/null <"$1" || : # no line end: still a number
    case $pid in
        '' | *[!0-9]* | 0* | 1) pid='' ;;
    esac
    [ -n "$pid" ] && _lsb_ours "$pid" "$2" "$1" && return 0
    pid=''
    return 1
}

# _lsb_target NAME [-p FILE] PROG: sets prog and file, for the two functions
# that only look.
_lsb_target() {
    local caller="$1" OPTIND=1 OPTARG='' opt=''
    shift
    file=''
    while getopts :p: opt; do
        case $opt in
            p) [ -n "$OPTARG" ] && file="$OPTARG" && continue ;;
        esac
        set -- && OPTIND=1 && break
    done
    shift $((OPTIND - 1))
    if [ $# -ne 1 ] || [ -z "${1##*/}" ]; then
        echo "usage: $caller [-p pidfile] program" >&2
        return 2
    fi
    prog="$1"
    [ -n "$file" ] || file="$_lsb_runtime_dir/${prog##*/}.pid"
}

# pidofproc [-p pidfile] PROG: prints the process ID; returns as LSB's status
# action does (0, 1, 3, 4), or 2 for wrong arguments.
pidofproc() {
    local prog='' file='' pid='' start=''
    _lsb_target pidofproc "$@" || return
    _lsb_find "$file" "$prog" || return
    echo "$pid"
}

# statusproc [-p pidfile] PROG: says in words what pidofproc returns.
statusproc() {
    local prog='' file='' pid='' start='' status=0
    _lsb_target statusproc "$@" || return
    _lsb_find "$file" "$prog" || status=$?
    case $status in
        0) printf '%s is running with Process ID(s) %s.\n' "${prog##*/}" "$pid" ;;
        1) printf '%s is not running but %s exists.\n' "${prog##*/}" "$file" ;;
        3) printf '%s is not running.\n' "${prog##*/}" ;;
        4) printf 'The status of %s is unknown: %s cannot be read.\n' "${prog##*/}" "$file" ;;
    esac
    return "$status"
}

# --- Starting ----------------------------------------------------------------

# _lsb_resolve PROG: sets path. 4 not executable, 5 not there.
_lsb_resolve() {
    local dir='' IFS=:
    path="$1"
    case $1 in
        */*) ;;
        *)
            for dir in $PATH; do
                path="${dir:-.}/$1"
                [ -f "$path" ] && [ -x "$path" ] && return 0
            done
            ;;
    esac
    [ -f "$path" ] || return 5
    [ -x "$path" ] || return 4
}

# _lsb_exec COMMAND ARG…: become COMMAND with nothing open but stdout, stderr
# and an empty stdin. A daemon that kept a caller's lock open would hold it.
_lsb_exec() {
    local fd=''
    exec </dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    if [ -n "${BASH_VERSION-}" ]; then # dash cannot name descriptors above 9
        for fd in /proc/self/fd/*; do
            case ${fd##*/} in
                [0-9] | *[!0-9]*) ;;
                *) eval "exec ${fd##*/}>&-" ;;
            esac
        done
    fi
    exec "$@"
}

# start_daemon [-f] [-n nice] [-p pidfile] PROG [ARG…]: starts a program that
# puts itself into the background. Returns 0 when it did or was running before,
# 1 when it failed, 2 wrong arguments, 4 no permission, 5 not installed.
# LSB's -f starts a second one; here it does so only without -p, since two
# processes cannot share a pid file.
start_daemon() {
    local force='' nice='' file='' given='' path='' pid='' start='' status=0
    local OPTIND=1 OPTARG='' opt=''
    while getopts :fn:p: opt; do
        case $opt in
            f) force=1 ;;
            n)
                nice="$OPTARG"
                case ${nice#[-+]} in '' | *[!0-9]*) status=2 ;; esac
                ;;
            p)
                file="$OPTARG" given=1
                [ -n "$file" ] || status=2
                ;;
            *) status=2 ;;
        esac
    done
    shift $((OPTIND - 1))
    if [ "$status" -ne 0 ] || [ -z "${1-}" ] || [ -z "${1##*/}" ]; then
        echo 'usage: start_daemon [-f] [-n nice] [-p pidfile] program [argument...]' >&2
        return 2
    fi
    [ -n "$file" ] || file="$_lsb_runtime_dir/${1##*/}.pid"
    _lsb_find "$file" "$1" || status=$?
    case $status in
        0) [ -n "$force" ] && [ -z "$given" ] || return 0 ;;
        1) # many daemons refuse to start beside it
            rm -f -- "$file" || { echo "start_daemon: $file is in the way" >&2; return 4; } ;;
        4)
            echo "start_daemon: cannot read $file" >&2
            return 4
            ;;
    esac
    status=0
    _lsb_resolve "$1" || status=$?
    if [ "$status" -ne 0 ]; then
        echo "start_daemon: $1 is not installed, or not executable" >&2
        return "$status"
    fi
    shift
    (_lsb_exec ${nice:+nice -n "$nice"} "$path" "$@") || status=$?
    [ "$status" -ne 0 ] || return 0
    echo "start_daemon: $path ended with status $status" >&2
    return 1
}

# loadproc: start_daemon under the name that older scripts use.
loadproc() {
    start_daemon "$@"
}

# --- Stopping and signals ----------------------------------------------------

# _lsb_signal SPELLING: sets sig to a name or number that kill -s takes, always
# the name for the signals that end a process. Fails when there is no such.
_lsb_signal() {
    sig="${1#-}"
    case $sig in SIG?* | sig?*) sig="${sig#???}" ;; esac
    case $sig in
        2 | INT | int) sig=INT ;;
        3 | QUIT | quit) sig=QUIT ;;
        9 | KILL | kill) sig=KILL ;;
        15 | TERM | term) sig=TERM ;;
        [0-9] | [1-5][0-9] | 6[0-4]) ;;
        HUP | ILL | TRAP | ABRT | BUS | FPE | USR1 | SEGV | USR2 | PIPE | ALRM | CHLD) ;;
        CONT | STOP | TSTP | TTIN | TTOU | URG | XCPU | XFSZ | VTALRM | PROF | WINCH | IO | PWR | SYS) ;;
        hup | ill | trap | abrt | bus | fpe | usr1 | segv | usr2 | pipe | alrm | chld) ;;
        cont | stop | tstp | ttin | ttou | urg | xcpu | xfsz | vtalrm | prof | winch | io | pwr | sys) ;;
        RTMIN | RTMAX | RTMIN+[0-9] | RTMIN+1[0-5] | RTMAX-[0-9] | RTMAX-1[0-4]) ;;
        *) return 1 ;;
    esac
}

# check_signal SIGNAL: is this a signal (-HUP, HUP, SIGHUP, -SIGHUP, -1, 1)?
check_signal() {
    local sig=''
    _lsb_signal "${1-}"
}

# check_sig_type SIGNAL: is this a signal that is sent to end a process?
check_sig_type() {
    local sig=''
    _lsb_signal "${1-}" || return 1
    case $sig in
        INT | QUIT | KILL | TERM) return 0 ;;
    esac
    return 1
}

# _lsb_gone PID START: has the process ended? One that began at another time
# only has the same number.
_lsb_gone() {
    local start='' comm=''
    if [ ! -r /proc/self/stat ]; then
        ! kill -0 "$1" 2>/dev/null
        return
    fi
    ! { _lsb_stat "$1" && [ "$start" = "$2" ]; }
}

# _lsb_await PID START SECONDS: waits for the end of a process. 0 it ended,
# 1 it did not, 2 there is no way to wait here.
_lsb_await() {
    local waited=0 nap=1 # hundredths of a second
    until _lsb_gone "$1" "$2"; do
        [ "$waited" -lt $(($3 * 100)) ] || return 1
        waited=$((waited + nap))
        case $nap in ?) sleep "0.0$nap" ;; *) sleep "0.$nap" ;; esac 2>/dev/null || {
            sleep 1 || return 2 # a sleep that knows no fractions
            waited=$((waited + 100))
        }
        nap=$((nap * 2))
        [ "$nap" -le 20 ] || nap=20
    done
}

# killproc [-p pidfile] PROG [SIGNAL]: without SIGNAL, ends the process: TERM,
# after KILLDELAY seconds (default 30) KILL. With one, sends just that, and
# waits as long for the end if it is of that kind (see check_sig_type). Returns
# 0 when that is done or there was nothing to stop, 1 when the process is still
# there, 2 wrong arguments, 4 no permission, 7 nobody to send SIGNAL to.
killproc() {
    local file='' prog='' sig='' only='' bad='' pid='' start='' status=0 delay="${KILLDELAY-}"
    while [ $# -gt 0 ]; do
        case $1 in
            -p)
                file="${2-}"
                [ -n "$file" ] && shift || bad=1
                ;;
            -p?*) file="${1#-p}" ;;
            *)
                if [ -z "$prog" ] && [ "$1" = "${1#-}" ]; then
                    prog="$1"
                elif [ -z "$only" ]; then
                    only="$1"
                else
                    bad=1
                fi
                ;;
        esac
        shift
    done
    _lsb_signal "${only:-TERM}" || bad=1
    if [ -n "$bad" ] || [ -z "${prog##*/}" ]; then
        echo 'usage: killproc [-p pidfile] program [signal]' >&2
        return 2
    fi
    case $delay in '' | *[!0-9]* | 0?*) delay=30 ;; esac
    [ -n "$file" ] || file="$_lsb_runtime_dir/${prog##*/}.pid"

    _lsb_find "$file" "$prog" || status=$?
    case $status,$sig in
        0,*) ;;
        4,*)
            echo "killproc: cannot read $file" >&2
            return 4
            ;;
        1,TERM | 1,KILL)
            [ -d "$file" ] || rm -f -- "$file" # a directory names nothing
            return
            ;;
        *,TERM | *,KILL) return 0 ;;
        *)
            echo "killproc: ${prog##*/} is not running" >&2
            return 7
            ;;
    esac
    if ! kill -s "$sig" "$pid" 2>/dev/null && ! _lsb_gone "$pid" "$start"; then
        echo "killproc: cannot send $sig to ${prog##*/}, process $pid" >&2
        return 4
    fi
    check_sig_type "$sig" || return 0

    _lsb_await "$pid" "$start" "$delay" || status=$?
    if [ "$status" -eq 1 ] && [ -z "$only" ]; then
        echo "killproc: ${prog##*/}, process $pid, goes on after $delay s, sending KILL" >&2
        status=0
        kill -s KILL "$pid" 2>/dev/null || :
        _lsb_await "$pid" "$start" 10 || status=$?
    fi
    if [ "$status" -ne 0 ]; then
        echo "killproc: ${prog##*/}, process $pid, is still there" >&2
        return 1
    fi
    # Tidy daemons have removed it, and a new one may have written its own.
    only=''
    [ ! -f "$file" ] || read -r only bad 2>/dev/null <"$file" || :
    [ "$only" != "$pid" ] && { [ -e "$file" ] || [ ! -h "$file" ]; } || rm -f -- "$file"
}

# --- Messages ----------------------------------------------------------------

# _lsb_tag COLOUR TAG [MESSAGE…]: ends a line with the tag.
_lsb_tag() {
    local colour="$1" tag="$2"
    shift 2
    if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR-}" ]; then
        printf '%s [ \033[1;%sm%s\033[0m ]\n' "$*" "$colour" "$tag"
    else
        printf '%s [ %s ]\n' "$*" "$tag"
    fi
}

# The first of each pair says it all on one line; those with a 2 go on with a
# line that log_info_msg left open.
log_info_msg() { printf '%s' "$*"; }
log_info_msg2() { printf '%s' "$*"; }
log_success_msg() { _lsb_tag 32 OK "$@"; }
log_success_msg2() { _lsb_tag 32 OK "$@"; }
log_failure_msg() { _lsb_tag 31 FAIL "$@"; }
log_failure_msg2() { _lsb_tag 31 FAIL "$@"; }
log_warning_msg() { _lsb_tag 33 WARN "$@"; }
log_skip_msg() { _lsb_tag 33 SKIP "$@"; }

# evaluate_retval: ends log_info_msg's line with how the command before this one
# went, and returns that command's status, so that a script which ends here
# fails when its instruction did.
evaluate_retval() {
    local status=$?
    case $status in
        0) log_success_msg2 ;;
        *) log_failure_msg2 " (status $status)" ;;
    esac
    return "$status"
}

# wait_for_user: waits for Enter when somebody can press it.
wait_for_user() {
    local answer=''
    [ ! -t 0 ] || read -r answer || :
}

# is_true VALUE: 1, yes, y, true or t, in any case?
is_true() {
    case ${1-} in
        1 | [Yy] | [Yy][Ee][Ss] | [Tt] | [Tt][Rr][Uu][Ee]) return 0 ;;
    esac
    return 1
}
