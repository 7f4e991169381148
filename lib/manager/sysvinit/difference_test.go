package sysvinit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/manager"
)

const theirScript = `#! /bin/bash

## BEGIN INIT INFO
# Provides:      p
## END INIT INFO

. /store/one-init-functions
umask 022
export A=1
export PATH=/a/bin:/b/bin:$PATH

case "$1" in
  start)
  log_info_msg "Starting A process..."
mkdir -p /state/p

start_daemon -f -p /run/p.pid  $(type -p su) joe -c '/store/p/bin/p -D '\''two words'\'''

evaluate_retval

  ;;

stop)
  log_info_msg "Stopping A process..."
killproc -p /run/p.pid /store/p/bin/p
evaluate_retval

  ;;

restart)
  $0 stop
sleep 1
$0 start

  ;;
esac
`

const ourScript = `#!/bin/bash

### BEGIN INIT INFO
# Provides:          p
### END INIT INFO

. /store/two-init-functions
umask 022
export PATH=/a/bin:/b/bin:"$PATH"
export A='1'

case "$1" in
start)
log_info_msg 'Starting A process...'
mkdir -p /state/p
start_daemon -f -p /run/p.pid su joe -s /bin/bash -c '/store/p/bin/p '\''-D'\'' "two words"'
evaluate_retval
;;
stop)
log_info_msg 'Stopping A process...'
killproc -p /run/p.pid '/store/p/bin/p'
evaluate_retval
;;
restart)
"$0" stop
"$0" start
;;
*)
echo "Usage: $0 "'{start|stop|restart}' >&2
exit 2
;;
esac
`

// A script of the framework before this is compared with ours by what it does.
func TestDifference(t *testing.T) {
	dir := t.TempDir()
	unit := func(name, text string) manager.Unit {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return manager.Unit{Name: name, File: file}
	}
	old := unit("old", theirScript)
	for _, c := range []struct{ what, from, to, want string }{
		{"nothing", "", "", ""},
		{"another variable", "A='1'", "A='2'", "variables"},
		{"a variable that is expanded", "A='1'", `A="$1"`, "variables"},
		{"another PATH", ":\"$PATH\"", "", "variables"},
		{"another umask", "umask 022", "umask 077", "prepares"},
		{"more that comes first", "umask 022", "umask 022\nulimit -n 5", "prepares"},
		{"another argument", `"two words"`, `"three words"`, "starts"},
		{"another user", "su joe", "su jim", "starts"},
		{"another initialization", "/state/p", "/state/q", "starts"},
		{"a condition", "/state/p\n", "/state/p &&\n", "starts"},
		{"in the background", `words"'`, `words"' &`, "starts"},
		{"elsewhere", `words"'`, `words"' >/log`, "starts"},
		{"a word that is expanded", "mkdir -p /state/p", "mkdir -p /state/?", "starts"},
		{"another nice level", "-f -p", "-f -n 5 -p", "starts"},
		{"a wait for its pid file", "\nevaluate_retval\n;;\nstop", " &&\n" + FollowPIDFile("/run/p.pid", "/a b/p.pid") + "\nevaluate_retval\n;;\nstop", ""},
		{"a wait and more", "\nevaluate_retval\n;;\nstop", " &&\n" + strings.Replace(FollowPIDFile("/run/p.pid", "/a b/p.pid"), "; }", "; rm /x; }", 1) + "\nevaluate_retval\n;;\nstop", "starts"},
		{"another pid file", "killproc -p /run/p.pid", "killproc -p /run/q.pid", "stops"},
		{"another program to stop", "'/store/p/bin/p'", "'/store/q/bin/p'", "stops"},
		{"no shell at all", "esac", "", "can't be compared"},
	} {
		changed := unit("new", strings.Replace(ourScript, c.from, c.to, 1))
		for _, got := range []string{Manager{}.Difference(old, changed), Manager{}.Difference(changed, old)} {
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("%s: %q, want %q", c.what, got, c.want)
			}
		}
	}
}

// Whatever a script is, reading it ends well, and it is no other than itself.
func FuzzReadScript(f *testing.F) {
	for _, text := range []string{theirScript, ourScript, "", "! x", ">y", "export 00", "a=1", "export A B=2 C+=3", "su a -s", "killproc -p", "case x in a|b) su x -c 'y' ;& esac"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		one, err := readScript([]byte(text), "a")
		two, errAgain := readScript([]byte(text), "b")
		if (err == nil) != (errAgain == nil) {
			t.Fatal(err, errAgain)
		}
		one.pidFile()
		if !equal(one.variables, two.variables) || !equal(one.preparations, two.preparations) || !equal(one.activities["start"], two.activities["start"]) {
			t.Errorf("%+v\n%+v", one, two)
		}
	})
}
