# usage: probe DIR foreground|daemon [ARGUMENT]...
# Writes down in DIR how it was started, then waits for its end.
dir=$1 form=$2

serve() {
	env -0 >"$dir/environment"
	printf '%s\0' "$@" >"$dir/arguments"
	umask >"$dir/umask"
	id -u >"$dir/user"
	id -g >"$dir/group"
	pwd >"$dir/directory"
	nice >"$dir/nice"
	nixproc-test-marker >"$dir/path"
	: >"$dir/ready"
	trap 'kill "$child"' TERM
	sleep 300 &
	child=$!
	wait "$child"
}

case $form in
foreground)
	serve "$@"
	;;
daemon)
	serve "$@" </dev/null >/dev/null 2>&1 &
	echo "$!" >"$PID_FILE"
	;;
esac
