package container

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"nixproc/lib/deploy"
	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
	"nixproc/lib/profile"
)

// place is a directory with profiles of init scripts, and what processes wrote.
type place struct {
	t   *testing.T
	dir string
}

func newPlace(t *testing.T) place {
	p := place{t, filepath.Join(t.TempDir(), "a folder")}
	must(t, os.MkdirAll(p.dir, 0o755))
	t.Cleanup(func() {
		for _, pid := range p.pids() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return p
}

// loop writes down when a process ends.
const loop = `trap 'echo "$1" >>"$2/ended"; exit' TERM; >"$2/$1.ready"; while :; do sleep 0.02; done`

// profile makes one whose processes start in this order; those with "=" run
// another shell text than loop.
func (p place) profile(name string, processes ...string) string {
	profile := filepath.Join(p.dir, name)
	for i, process := range processes {
		process, text, other := strings.Cut(process, "=")
		if !other {
			text = loop
		}
		program, pidFile := filepath.Join(p.dir, process+".sh"), p.pidFile(process)
		must(p.t, os.WriteFile(program, []byte("#!/bin/sh\n"+text+"\n"), 0o755))
		script := fmt.Sprintf(`#!/bin/sh
start_daemon() {
rm -f '%[2]s/%[1]s.ready'
shift 2; "$2" %[1]s '%[2]s' >/dev/null 2>&1 & echo $! >"$1"
while lives $! && ! [ -e '%[2]s/%[1]s.ready' ]; do sleep 0.01; done
}
lives() { read -r _ _ state _ <"/proc/$1/stat" && [ $state != Z ]; }
killproc() { pid=$(cat "$2"); kill $pid; while lives $pid; do sleep 0.01; done 2>/dev/null; rm "$2"; }
case $1 in
start) echo %[1]s >>'%[2]s/begun'; start_daemon -f -p '%[3]s' '%[4]s' ;;
stop) killproc -p '%[3]s' '%[4]s' ;;
esac
`, process, p.dir, pidFile, program)
		file := filepath.Join(profile, "etc/rc.d/init.d", process)
		must(p.t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(p.t, os.WriteFile(file, []byte(script), 0o755))
		rc := filepath.Join(profile, "etc/rc.d/rc3.d")
		must(p.t, os.MkdirAll(rc, 0o755))
		must(p.t, os.Symlink("../init.d/"+process, filepath.Join(rc, fmt.Sprintf("S%02d%s", i, process))))
	}
	return profile
}

func (p place) pidFile(process string) string { return filepath.Join(p.dir, process+".pid") }

// pids are those of the processes that run, by their pid files.
func (p place) pids() map[string]int {
	files, _ := filepath.Glob(filepath.Join(p.dir, "*.pid"))
	found := map[string]int{}
	for _, file := range files {
		if process, alive, err := pidfile.Read(file, pidfile.Expected{}); alive && err == nil {
			found[strings.TrimSuffix(filepath.Base(file), ".pid")] = process.PID
		}
	}
	return found
}

func (p place) lines(file string) []string {
	data, _ := os.ReadFile(filepath.Join(p.dir, file))
	return strings.Fields(string(data))
}

// running is a container in this process.
type running struct {
	place
	signals chan os.Signal
	code    chan int
	ups     int
	mutex   sync.Mutex
	told    []string
}

func (p place) run(profile string, changes ...func(*Container)) *running {
	r := &running{place: p, signals: make(chan os.Signal, 4), code: make(chan int, 1)}
	c := Container{Profile: profile, Runlevel: "3", Jobs: 4, Settle: 50 * time.Millisecond, StopWithin: time.Minute, Watch: 20 * time.Millisecond, Tell: r.tell}
	for _, change := range changes {
		change(&c)
	}
	go func() { r.code <- c.Run(r.signals) }()
	return r
}

func (r *running) tell(message string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.told = append(r.told, message)
}

func (r *running) said() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return strings.Join(r.told, "\n")
}

// up waits until it says that all run, once more, and looks whether these processes
// do, and no others.
func (r *running) up(names ...string) {
	r.t.Helper()
	r.ups++
	r.until("all processes run", func() bool { return strings.Count(r.said(), "all processes run") >= r.ups })
	if now := r.pids(); !slices.Equal(slices.Sorted(maps.Keys(now)), slices.Sorted(slices.Values(names))) {
		r.t.Fatalf("%v run, want %q; it said:\n%s", now, names, r.said())
	}
}

// until waits for something that a process does.
func (r *running) until(what string, holds func() bool) {
	r.t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("not within a minute: %s; it said:\n%s", what, r.said())
		}
	}
}

func (r *running) ends(code int) {
	r.t.Helper()
	select {
	case got := <-r.code:
		if got != code {
			r.t.Errorf("exit code %d, want %d; it said:\n%s", got, code, r.said())
		}
	case <-time.After(time.Minute):
		r.t.Fatalf("it does not end; it said:\n%s", r.said())
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s %q, want %q", what, got, want)
	}
}

// All come up in their order, and go down in the reverse one.
func TestOrder(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.run(p.profile("profile", "c", "a", "b"))
	r.up("a", "b", "c")
	equal(t, "begun", p.lines("begun"), "c", "a", "b")
	r.signals <- syscall.SIGTERM
	r.ends(Done)
	equal(t, "ended", p.lines("ended"), "b", "a", "c")
}

// What fails to start is named, with what it said; all others are stopped.
func TestFailedStart(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.run(p.profile("profile", "a", "b", "c=exit 3"))
	r.ends(Failed)
	equal(t, "ended", p.lines("ended"), "b", "a")
	if said := r.said(); !strings.Contains(said, "process 'c' failed to") || len(p.pids()) > 0 {
		t.Errorf("%v run; it said:\n%s", p.pids(), said)
	}
}

// While it starts what is deployed no switch is at work, and it waits for one that
// is; what that has started is not started again.
func TestSwitchWhileStarting(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	path := p.profile("one", "a", "slow=sleep 0.3; "+loop)
	link := filepath.Join(p.dir, "link")
	must(t, os.Symlink(path, link))
	lockFile := profile.Profile{Dir: p.dir, Name: "link"}.LockFile()
	lock, err := deploy.Acquire(t.Context(), lockFile, false)
	must(t, err)
	r := p.run(link)
	r.until("it waits", func() bool { return strings.Contains(r.said(), "waiting: another command holds the lock") })
	out, err := exec.Command(filepath.Join(path, "etc/rc.d/init.d/a"), "start").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	before := p.pids()
	must(t, lock.Release())
	r.until("slow starts", func() bool { return len(p.lines("begun")) == 2 })
	if _, err := deploy.Acquire(t.Context(), lockFile, false); err == nil {
		t.Error("a switch could be at work while it starts")
	}
	r.up("a", "slow")
	if now := p.pids(); now["a"] != before["a"] {
		t.Errorf("before %v, now %v", before, now)
	}
	after, err := deploy.Acquire(t.Context(), lockFile, false)
	must(t, err)
	must(t, after.Release())
	r.signals <- syscall.SIGTERM
	r.ends(Done)
	equal(t, "begun", p.lines("begun"), "a", "slow")
}

// What is deployed when it is asked to end is stopped, and started by SIGHUP.
func TestProfileMoves(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	link := filepath.Join(p.dir, "link")
	r := p.run(link) // nothing is deployed yet
	time.Sleep(100 * time.Millisecond)
	must(t, os.Symlink(p.profile("one", "a", "b"), link))
	r.signals <- syscall.SIGHUP
	r.up("a", "b")
	before := p.pids()
	must(t, syscall.Kill(before["b"], syscall.SIGKILL))
	r.until("b has ended", func() bool { return len(p.pids()) == 1 && strings.Contains(r.said(), "process 'b' has ended") })
	must(t, os.Remove(link))
	must(t, os.Symlink(p.profile("two", "b", "c"), link))
	r.signals <- syscall.SIGHUP
	r.up("a", "b", "c") // what is not deployed any more is nobody's
	if now := p.pids(); now["a"] != before["a"] || now["b"] == before["b"] {
		t.Errorf("before %v, now %v", before, now)
	}
	// As a switch in the container would, which stops the others itself.
	must(t, os.Remove(link))
	must(t, os.Symlink(p.profile("three", "c"), link))
	r.signals <- syscall.SIGINT
	r.ends(Done)
	equal(t, "ended", p.lines("ended"), "c")
}

// A second signal, or a time that is up, ends all at once; who goes on all the
// same is named.
func TestHurry(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(*running){
		"second signal": func(r *running) { r.signals <- syscall.SIGTERM; r.signals <- syscall.SIGTERM },
		"time":          func(r *running) { r.signals <- syscall.SIGTERM },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			profile := p.profile("profile", "a", "deaf=trap '' TERM; >\"$2/$1.ready\"; while :; do sleep 0.02; done", "c")
			r := p.run(profile, func(c *Container) {
				if name == "time" {
					c.StopWithin = 300 * time.Millisecond
				}
			})
			r.up("a", "deaf", "c")
			begin := time.Now()
			act(r)
			r.ends(Killed)
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
			r.until("all others have ended", func() bool { return len(p.lines("ended")) == 2 })
			if !strings.Contains(r.said(), "process 'deaf' did not end in time") {
				t.Errorf("it said:\n%s", r.said())
			}
		})
	}
}

// Whoever is asked to end while it starts stops what has started.
func TestEndWhileStarting(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.run(p.profile("profile", "a", "b=sleep 0.3; "+loop, "c=sleep 0.3; "+loop), func(c *Container) { c.Settle = time.Second })
	r.until("a runs", func() bool { _, err := os.Stat(filepath.Join(p.dir, "a.ready")); return err == nil })
	r.signals <- syscall.SIGTERM
	r.ends(Done)
	if len(p.pids()) > 0 || !slices.Contains(p.lines("ended"), "a") {
		t.Errorf("%v run; it said:\n%s", p.pids(), r.said())
	}
}

func TestWrongProfiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	must(t, os.MkdirAll(filepath.Join(p.dir, "other/etc/systemd/system"), 0o755))
	for profile, want := range map[string]string{"other": "is for systemd", "no/such": "can't be read"} {
		r := p.run(filepath.Join(p.dir, profile))
		r.ends(Wrong)
		if !strings.Contains(r.said(), want) {
			t.Errorf("%s: it said %s", profile, r.said())
		}
	}
}

// Pid files of an earlier run of the container are nobody's.
func TestStalePIDFiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	old := pidfile.Booted().Add(-time.Second)
	units := []manager.Unit{{Name: "no file"}, {Name: "missing", PIDFile: p.pidFile("missing")}}
	for _, name := range []string{"stale", "new", "directory"} {
		if name == "directory" {
			must(t, os.Mkdir(p.pidFile(name), 0o755))
		} else {
			must(t, os.WriteFile(p.pidFile(name), []byte("4194300\n"), 0o644))
		}
		if name != "new" {
			must(t, os.Chtimes(p.pidFile(name), old, old))
		}
		units = append(units, manager.Unit{Name: name, PIDFile: p.pidFile(name)})
	}
	d := deployed{units: units}
	d.dirs.State, d.dirs.Runtime = filepath.Join(p.dir, "state"), filepath.Join(p.dir, "state/run")
	must(t, d.prepare())
	for name, there := range map[string]bool{"stale": false, "new": true, "directory": true} {
		if _, err := os.Lstat(p.pidFile(name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(p.dir, "state/log")); err != nil {
		t.Error(err)
	}
}
