# Stands in the foreground for a process that can't: foreground-proxy
# [-i FILE] [-d DIRECTORY] [-u USER] [-p PIDFILE] -- PROGRAM [ARGUMENT]...
#
#   -i  runs the shell text in FILE first, as whoever runs this
#   -d  goes to the directory then, which the text may have made
#   -u  runs the program as that user
#   -p  the program is a daemon that writes its pid to PIDFILE: passes signals
#       on to it, and ends when it does
initialize='' directory='' user='' file=''
while getopts i:d:u:p: option; do
  case $option in
    i) initialize=$OPTARG ;;
    d) directory=$OPTARG ;;
    u) user=$OPTARG ;;
    p) file=$OPTARG ;;
    *) exit 64 ;;
  esac
done
shift $((OPTIND - 1))
program=$1

say() {
  echo "foreground-proxy: $*" >&2
}

if [ -n "$initialize" ]; then
  # In a shell of its own: its variables and its exit are not ours. (Within
  # an "if" or "||" the shell would ignore -e.)
  (set -e; . "$initialize")
  code=$?
  if [ "$code" -ne 0 ]; then
    say "the initialisation failed with exit code $code"
    exit "$code"
  fi
fi

if [ -n "$directory" ]; then
  cd -- "$directory" || exit 1
fi

if [ -n "$user" ]; then
  group=$(@id@ -g "$user") || { say "there is no user $user"; exit 1; }
  if command -v @setpriv@ >/dev/null; then
    set -- @setpriv@ --reuid="$user" --regid="$group" --init-groups "$@"
  else
    # macOS and the BSDs have no setpriv(1), but a chroot(8) that can do it.
    groups=''
    for one in $(@id@ -G "$user"); do groups=${groups:+$groups,}$one; done
    set -- /usr/sbin/chroot -u "$user" -g "$group" -G "$groups" / \
      /bin/sh -c 'cd -- "$1" && shift && exec "$@"' sh "$PWD" "$@"
  fi
fi

if [ -z "$file" ]; then
  exec "$@"
fi

pid=''

# Zombies count as dead: who should have reaped them may take its time.
lives() {
  kill -0 "$pid" 2>/dev/null || [ -d "/proc/$pid" ] || return 1
  [ -r "/proc/$pid/stat" ] || return 0
  read -r line 2>/dev/null <"/proc/$pid/stat" || return 1
  case ${line##*) } in [ZX]*) return 1 ;; esac
}

# The number in the pid file.
read_pid() {
  pid=''
  [ -f "$file" ] && read -r pid rest <"$file" 2>/dev/null
  case $pid in ''|0|1|*[!0-9]*) pid=''; return 1 ;; esac
}

# Waits for the daemon's end, at most so many tenths of a second.
gone_within() {
  count=$1
  while lives; do
    [ "$count" -gt 0 ] || return 1
    count=$((count - 1))
    @sleep@ 0.1
  done
}

# Whether the process is the one that the pid file means, and not a later one
# with the same number: it runs the program, or it was there when the file was
# written. (The 20th word after the name is its start, in ticks since the boot.)
is_meant() {
  [ "/proc/$pid/exe" -ef "$program" ] && return 0
  if ! [ -e /proc/self/stat ]; then # macOS
    case $(/bin/ps -o command= -p "$pid") in *"${program##*/}"*) return 0 ;; esac
    return 1
  fi
  read -r line 2>/dev/null <"/proc/$pid/stat" || return 1
  set -- ${line##*) }
  shift 19
  while read -r key boot; do
    [ "$key" = btime ] && break
  done </proc/stat
  [ $((boot + $1 / 100)) -le $(($(@date@ -r "$file" +%s) + 1)) ]
}

# Whether the process runs, or ran, as a user.
runs_as() {
  if ! [ -e /proc/self/stat ]; then # macOS
    [ "$(/bin/ps -o uid= -p "$pid" | tr -d ' ')" = "$1" ]
    return
  fi
  while read -r key ids; do
    [ "$key" = Uid: ] || continue
    for key in $ids; do
      [ "$key" != "$1" ] || return 0
    done
  done 2>/dev/null <"/proc/$pid/status"
  return 1
}

# Whether whoever has written the pid file may say which process is meant: in
# /tmp, anybody can make one, or a link. Root and we may; the user that the
# program runs as, or becomes by itself, may name its own processes.
is_believed() {
  [ ! -h "$file" ] || return 1
  set -- $(@stat@ -c '%u %h' -- "$file" 2>/dev/null || /usr/bin/stat -f '%u %l' "$file")
  [ "$2" = 1 ] || return 1
  case $1 in 0|"$(@id@ -u)") return 0 ;; esac
  [ -z "$user" ] || [ "$1" = "$(@id@ -u "$user")" ] || return 1
  runs_as "$1"
}

# A daemon outlives a proxy that was killed. It goes before another one comes.
if read_pid && lives && is_meant && { is_believed || { say "$file is not believed: it belongs to somebody else"; false; }; }; then
  say "process $pid is left of an earlier run and is ended"
  kill -TERM "$pid"
  gone_within 80 || { kill -KILL "$pid"; gone_within 20; }
fi
@rm@ -f -- "$file" || exit 1

ending=''
end() {
  ending=yes
  [ -n "$pid" ] && kill "-$1" "$pid" 2>/dev/null
}
trap 'end TERM' TERM
trap 'end INT' INT
trap 'end QUIT' QUIT
for signal in HUP USR1 USR2; do
  trap '[ -n "$pid" ] && kill -'$signal' "$pid"' "$signal"
done

"$@" || { code=$?; say "the daemon $program failed to start, with exit code $code"; exit "$code"; }

count=100
until read_pid && is_believed; do
  [ "$count" -gt 0 ] || { say "the daemon $program started, but after 10 s there is no pid in $file"; exit 1; }
  count=$((count - 1))
  @sleep@ 0.1
done
[ -n "$ending" ] && kill -TERM "$pid"

# tail(1) waits for it; a signal ends the wait, but not the tail.
@tail@ -f -s 0.3 --pid="$pid" /dev/null &
watch=$!
while lives && [ -z "$ending" ]; do
  wait "$watch"
done
if [ -n "$ending" ]; then
  while lives; do @sleep@ 0.1; done
fi
kill "$watch" 2>/dev/null
[ -n "$ending" ] && exit 0
say "the daemon $program, process $pid, has ended"
exit 1
