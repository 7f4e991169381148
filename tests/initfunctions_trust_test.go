package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What makes the process in a pid file ours. The files are older than the
// process, so that only the program can speak for it, unless a case says so.
func TestTrust(t *testing.T) {
	const web = "/opt/x/bin/web"
	tests := map[string]struct {
		program, link string   // what is asked for; name of the running binary
		args          []string // its argv; the first may be a title
		comm          string
		fresh, boot   bool // file is written after the start; file is from before this boot
		ours          bool
	}{
		"command name":               {program: web, link: "web", args: []string{"x"}, ours: true},
		"parentheses and spaces":     {program: "/opt/we) X (b", link: "we) X (b", args: []string{"x"}, ours: true},
		"line break":                 {program: web, link: "w) X\n(a", args: []string{"/opt/web"}, ours: true},
		"name of 16 letters":         {program: "/opt/abcdefghijklmnop", link: "abcdefghijklmnop", args: []string{"x"}, ours: true},
		"script of an interpreter":   {program: web, link: "node", args: []string{"node", "--flag", "/opt/y z/web"}, ours: true},
		"title":                      {program: web, link: "other", args: []string{"web: master process /opt/bin/other"}, ours: true},
		"path as a title":            {program: web, link: "other", args: []string{"/opt/web: master"}, ours: true},
		"path in a title":            {program: web, link: "other", args: []string{"boss: " + web + " -D [listener]"}, ours: true},
		"other program":              {program: web, link: "other", args: []string{"other", "run"}},
		"name begins alike":          {program: web, link: "webber", args: []string{"/opt/webber"}},
		"name is shorter":            {program: web, link: "we", args: []string{"we"}},
		"name is an argument":        {program: web, link: "tail", args: []string{"tail", "-f", "web", "/x/web.log", "/x/web/log"}},
		"other program, older":       {program: web, link: "other", args: []string{"other"}, fresh: true, ours: true},
		"this program, before boot":  {program: web, link: "web", args: []string{"web"}, boot: true},
		"other program, before boot": {program: web, link: "other", args: []string{"other"}, boot: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			eachShell(t, func(t *testing.T, e *initEnv) {
				cmd := e.spawn([]string{daemonMode + "=run"}, e.program(test.link), test.args...)
				eventually(t, "the process", func() bool { return e.log() != "" })
				path := e.write("run/p.pid", fmt.Sprint(cmd.Process.Pid))
				e.age(path, test.fresh, test.boot)
				want, out := 0, fmt.Sprintln(cmd.Process.Pid)
				if !test.ours {
					want, out = 1, ""
				}
				e.want(want, out, `pidofproc -p "$D/run/p.pid" "$PROG"`, "PROG="+test.program)
			})
		})
	}
}

// age dates a pid file: before the processes of this test, or before the boot.
func (e *initEnv) age(path string, fresh, boot bool) {
	e.t.Helper()
	if fresh {
		return
	}
	booted, err := os.Stat("/proc")
	if err != nil {
		e.t.Fatal(err)
	}
	at := time.Now().Add(-10 * time.Second)
	if boot {
		at = booted.ModTime().Add(-time.Hour)
	} else if at.Before(booted.ModTime()) {
		e.t.Skip("this machine started seconds ago, no file can be older than a process and younger than that")
	}
	if err := os.Chtimes(path, at, at); err != nil {
		e.t.Fatal(err)
	}
}

// A daemon that hides its name and its arguments is known by its binary.
func TestTrustOfBinary(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Link(self, e.path("bin", "web")); err != nil {
			t.Skipf("the test binary cannot be linked: %v", err)
		}
		cmd := e.spawn([]string{daemonMode + "=run", daemonComm + "=hidden"}, e.path("bin", "web"), "hidden")
		eventually(t, "the process", func() bool { return e.log() != "" })
		e.age(e.write("run/web.pid", fmt.Sprint(cmd.Process.Pid)), false, false)
		e.want(0, fmt.Sprintf("web is running with Process ID(s) %d.\n", cmd.Process.Pid), `statusproc "$D/bin/web"`)
	})
}

// A script is often called like its program, and calls itself to restart: a
// left-over number that is now the script's parent says nothing. A service may
// call its own script, too.
func TestTrustOfParent(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		look := e.write("look", "#!"+e.shell+"\n. \"$D/init-functions\"; pidofproc web; echo $?\n")
		e.write("web", fmt.Sprintf("#!%s\necho $$ >\"$D/run/web.pid\"; $OLD\n'%s'\n", e.shell, look))
		if got := e.command([]string{"D=" + e.dir, "OLD=touch -d -60seconds run/web.pid"}, "sh", "-c", `cd "$D"; ./web`); got.out != "1\n" {
			t.Errorf("a parent younger than the file: %q %s", got.out, got.err)
		}
		if got := e.command([]string{"D=" + e.dir}, "sh", "-c", `cd "$D"; ./web`); !strings.HasSuffix(got.out, "\n0\n") {
			t.Errorf("a parent older than the file: %q %s", got.out, got.err)
		}
	})
}

// Process 1 is nobody's daemon, and a number that another process got while
// killproc waits is not the process that it waits for.
func TestNeverAnotherProcess(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		e.write("run/web.pid", "1\n")
		e.want(1, "", `pidofproc web`)
		e.want(0, "", `comm='' start=''; _lsb_stat $$; ! _lsb_gone $$ "$start" && _lsb_gone $$ 1`)
	})
}

// Anyone can write a file in /tmp, or make a link there: that does not name just
// any process, of whatever program. The same table is in lib/pidfile.
func TestForeignPIDFile(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to give a file away")
	}
	const nobody, other = 65534, 42424
	for name, test := range map[string]struct {
		owner   int    // of the file
		process int    // its user
		user    string // whom the script expects
		kind    string // of the file: "", link or hard link
		closed  bool   // the directory, to others than root
		says    string // why it is not believed; "" if it is
	}{
		"of root":                            {process: other, user: "nobody"},
		"of the expected user":               {owner: nobody, process: nobody, user: "nobody"},
		"of the expected user, names root's": {owner: nobody, process: 0, user: "nobody", says: "who does not run process"},
		"of a stranger, names root's":        {owner: other, process: 0, says: "who does not run process"},
		"of a stranger, names its own":       {owner: other, process: other, user: "nobody", says: "not to nobody"},
		"of the user that nobody knows":      {owner: other, process: other},
		"in a directory of root's":           {owner: other, process: other, user: "nobody", closed: true},
		"there, names root's":                {owner: other, process: 0, closed: true, says: "who does not run process"},
		"a link of root's":                   {process: 0, kind: "link"},
		"a link of a stranger's":             {owner: other, process: 0, kind: "link", says: "a link that belongs to user 42424"},
		"another name":                       {process: 0, kind: "hard link", says: "another name"},
	} {
		t.Run(name, func(t *testing.T) {
			eachShell(t, func(t *testing.T, e *initEnv) {
				cmd := exec.Command("sleep", "60")
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(test.process), Gid: uint32(test.process)}}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
				file, named := e.path("run", "a.pid"), "run/a.pid"
				if test.kind != "" {
					named = "run/b.pid"
				}
				e.write(named, fmt.Sprint(cmd.Process.Pid))
				var err error
				switch test.kind {
				case "link":
					err = os.Symlink(e.path(named), file)
				case "hard link":
					err = os.Link(e.path(named), file)
				}
				mode := os.FileMode(0o777) | os.ModeSticky
				if test.closed {
					mode = 0o755
				}
				if err := errors.Join(err, os.Lchown(file, test.owner, -1), os.Chmod(e.path("run"), mode)); err != nil {
					t.Fatal(err)
				}
				got := e.run(`_lsb_user=$EXPECTED; killproc -p "$D/run/a.pid" sleep`, "EXPECTED="+test.user)
				if killed := !alive(cmd.Process.Pid); got.code != 0 || killed != (test.says == "") || !strings.Contains(got.err, test.says) {
					t.Errorf("exit code %d, it was killed: %v, and says %q", got.code, killed, got.err)
				}
				if _, err := os.Lstat(file); err == nil {
					t.Error("the file is still there")
				}
			})
		})
	}
}

func TestZombieIsDead(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		zombie := e.stranger()
		zombie.Process.Kill()
		eventually(t, "the zombie", func() bool { return processState(zombie.Process.Pid) == "Z" })
		path := e.write("run/sleep.pid", fmt.Sprint(zombie.Process.Pid))
		e.want(1, "sleep is not running but "+path+" exists.\n", `statusproc sleep`)
		e.want(1, "", `pidofproc sleep`)
		e.want(0, "", `killproc sleep`)

		if t.Failed() {
			return // the rest would only wait for its limits
		}
		half := e.spawn([]string{daemonMode + "=leaderless"}, e.program("threads"), "threads")
		eventually(t, "the end of the first thread", func() bool { return processState(half.Process.Pid) == "Z" })
		e.write("run/threads.pid", fmt.Sprint(half.Process.Pid))
		e.want(0, fmt.Sprintln(half.Process.Pid), `pidofproc threads`)
		e.want(0, "", `killproc threads`)
		if t.Failed() {
			return
		}
		if err := half.Wait(); err == nil || half.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
			t.Errorf("the threads ended with %v, want TERM", half.ProcessState)
		}
	})
}
