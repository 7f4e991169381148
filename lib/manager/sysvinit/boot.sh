#!/bin/sh
### BEGIN INIT INFO
# Provides:          @name@
# Required-Start:    $local_fs $remote_fs $network $syslog
# Required-Stop:     $local_fs $remote_fs $network $syslog
# Should-Start:      $named $time
# Should-Stop:       $named $time
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Processes of a Nix profile
# Description:       Runs the init scripts of the profile's current generation.
### END INIT INFO

profile=@profile@
runlevel=@runlevel@

if [ -z "$runlevel" ]; then
	# init(8) says which one it goes to.
	runlevel=${RUNLEVEL:-$(runlevel 2>/dev/null | cut -d ' ' -f 2)}
	case $runlevel in
	[0-9S]) ;;
	*) runlevel=3 ;;
	esac
fi

# all ACTIVITY LINK...: in the order of their numbers; fails if one does.
all() {
	activity=$1 code=0
	shift
	for script; do
		[ ! -x "$script" ] || "$script" "$activity" || code=$?
	done
	return "$code"
}

start() { all start "$profile/etc/rc.d/rc$runlevel.d"/S*; }

# What is to stop when the machine goes down, wherever it was.
stop() { all stop "$profile/etc/rc.d/rc0.d"/K*; }

LC_ALL=C # 9 comes before A, and 09 before 10
case $1 in
start) start ;;
stop) stop ;;
restart | force-reload)
	stop
	start
	;;
status) all status "$profile/etc/rc.d/rc$runlevel.d"/S* ;;
*)
	echo "usage: $0 start|stop|restart|force-reload|status" >&2
	exit 2
	;;
esac
