# Stands for a daemon in a oneshot service:
#
#   daemon FUNCTIONS start [-u USER] PIDFILE PROGRAM COMMAND [ARGUMENT]...
#   daemon FUNCTIONS stop [-u USER] PIDFILE PROGRAM
#
# FUNCTIONS are those of init scripts, USER is whom the daemon runs as. start runs the command, which makes a
# daemon of itself, and returns when the pid file names a process that lives; it
# does nothing if there is one. stop returns when that process has ended.
functions=$1 verb=$2
shift 2
_lsb_user=''
if [ "$1" = -u ]; then
  _lsb_user=$2
  shift 2
fi
file=$1 program=$2
shift 2

# The functions set both for themselves.
mask=$(umask)
path=$PATH
. "$functions"

say() {
  echo "daemon: $*" >&2
}

if [ "$verb" = stop ]; then
  killproc -p "$file" "$program"
  exit
fi

if pidofproc -p "$file" "$program" >/dev/null; then
  exit 0
fi
rm -f -- "$file" || exit 1 # many daemons refuse to start beside it

(umask "$mask"; PATH=$path; exec "$@") || {
  code=$?
  say "$program failed to start, with exit code $code"
  exit "$code"
}

count=100
until pidofproc -p "$file" "$program" >/dev/null; do
  if [ "$count" -eq 0 ]; then
    say "$program started, but after 10 s $file names no process that lives"
    exit 1
  fi
  count=$((count - 1))
  sleep 0.1
done
