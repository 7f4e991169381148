package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// writesTo is the variable that tells the daemon where to write; scripts use it
// as $P.
func writesTo(path string) []string {
	return []string{daemonPIDFile + "=" + path, "P=" + path}
}

func TestStartTwiceRunsOne(t *testing.T) {
	for _, call := range []string{`start_daemon -f -p "$P"`, `start_daemon -p "$P"`, `loadproc -p "$P"`, `start_daemon`} {
		t.Run(call, func(t *testing.T) {
			eachShell(t, func(t *testing.T, e *initEnv) {
				e.program("web")
				env := writesTo(e.path("run", "web.pid"))
				e.want(0, "", call+` "$D/bin/web" one 'two three'`, env...)
				pid := e.pidOf(e.path("run", "web.pid"))
				e.want(0, "", "set -eu\n"+call+` "$D/bin/web" one 'two three'`, env...)
				if e.log() != "start\n" {
					t.Errorf("the daemon's log is %q, want a single start", e.log())
				}
				args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
				if want := e.path("bin", "web") + "\x00one\x00two three\x00"; string(args) != want {
					t.Errorf("command line %q, want %q", args, want)
				}
				e.want(0, "", `set -eu; killproc -p "$P" "$D/bin/web"`, env...)
				if alive(pid) {
					t.Error("it still runs after killproc")
				}
				if _, err := os.Stat(e.path("run", "web.pid")); !os.IsNotExist(err) {
					t.Errorf("the pid file is still there: %v", err)
				}
				e.want(0, "", `killproc -p "$P" "$D/bin/web"`, env...)
			})
		})
	}
}

// D23: whatever a pid file says, it blocks a start only for a process that is
// really the one it was written for, and nobody else is ever hit.
func TestStalePIDFile(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Skip("no true here")
	}
	for name, content := range map[string]string{
		"process is gone":     fmt.Sprintln(dead.Process.Pid),
		"empty":               "",
		"garbage":             "not a number\n",
		"number and garbage":  "12x\n",
		"process 1":           "1\n",
		"process 0":           "0\n",
		"negative":            "-1\n",
		"too big":             "99999999999999999999\n",
		"number used again":   "STRANGER",
		"number of the shell": "SHELL",
	} {
		t.Run(name, func(t *testing.T) {
			eachShell(t, func(t *testing.T, e *initEnv) {
				e.program("web")
				path := e.path("run", "my web.pid")
				stranger := e.stranger()
				prepare := func() {
					e.write("run/my web.pid", strings.Replace(content, "STRANGER", fmt.Sprintln(stranger.Process.Pid), 1))
					past := time.Now().Add(-time.Hour)
					if err := os.Chtimes(path, past, past); err != nil {
						t.Fatal(err)
					}
				}
				own := ""
				if content == "SHELL" {
					own = `echo $$ >"$P"; `
				}
				prepare()
				e.want(1, "web is not running but "+path+" exists.\n", own+`statusproc -p "$P" "$D/bin/web"`, writesTo(path)...)
				e.want(7, "", own+`killproc -p "$P" "$D/bin/web" -HUP`, writesTo(path)...)
				e.want(0, "", own+`killproc -p "$P" "$D/bin/web"`, writesTo(path)...)
				if _, err := os.Stat(path); !os.IsNotExist(err) {
					t.Errorf("killproc left the stale file: %v", err)
				}
				prepare()
				e.want(0, "", own+`start_daemon -f -p "$P" "$D/bin/web"`, writesTo(path)...)
				if !alive(e.pidOf(path)) || e.log() != "start\n" {
					t.Errorf("it does not run, log %q", e.log())
				}
				e.want(0, "", `killproc -p "$P" "$D/bin/web"`, writesTo(path)...)
				if !alive(stranger.Process.Pid) {
					t.Error("another program was killed")
				}
			})
		})
	}
}

// D24: an instance is its pid file; the others of the same program live on.
func TestKillprocHitsOneInstance(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		e.program("web")
		one, two := e.path("run", "web1.pid"), e.path("run", "web2.pid")
		e.want(0, "", `start_daemon -f -p "$P" "$D/bin/web"`, writesTo(one)...)
		e.want(0, "", `start_daemon -f -p "$P" "$D/bin/web"`, writesTo(two)...)
		first, second := e.pidOf(one), e.pidOf(two)
		e.want(0, "", `killproc "$D/bin/web"; killproc -p "$D/run/web3.pid" "$D/bin/web" -KILL`)
		if !alive(first) || !alive(second) {
			t.Error("killproc hit an instance that was not named")
		}
		e.want(3, "web is not running.\n", `statusproc "$D/bin/web"`)
		e.want(0, "", `killproc -p "$P" "$D/bin/web"`, writesTo(one)...)
		if alive(first) || !alive(second) {
			t.Errorf("first runs: %v, second runs: %v", alive(first), alive(second))
		}
	})
}

func TestKillprocWaitsAndEscalates(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		e.program("web")
		path := e.path("run", "web.pid")
		e.want(0, "", `start_daemon -p "$P" "$D/bin/web"`, append(writesTo(path), daemonOnTerm+"=400ms")...)
		pid := e.pidOf(path)
		e.want(0, "", `killproc "$D/bin/web"`)
		if alive(pid) {
			t.Error("killproc returned before the process was gone")
		}

		e.want(0, "", `start_daemon -p "$P" "$D/bin/web"`, append(writesTo(path), daemonOnTerm+"=ignore")...)
		pid = e.pidOf(path)
		e.want(1, "", `killproc "$D/bin/web" -TERM`, "KILLDELAY=0")
		if !alive(pid) {
			t.Error("killproc with TERM went on to KILL")
		}
		before := time.Now()
		e.want(0, "", `killproc "$D/bin/web"`, "KILLDELAY=1")
		if spent := time.Since(before); alive(pid) || spent < time.Second || spent > 20*time.Second { // without KILLDELAY it would be 30
			t.Errorf("alive %v after %v, want it killed after 1 s", alive(pid), spent)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("the pid file of the killed process is still there: %v", err)
		}
	})
}

// Without a usable sleep there is no way to wait, and KILL would come at once.
func TestKillprocWithoutSleepDoesNotKill(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		e.program("web")
		path := e.path("run", "web.pid")
		e.want(0, "", `start_daemon -p "$P" "$D/bin/web"`, append(writesTo(path), daemonOnTerm+"=200ms")...)
		pid := e.pidOf(path)
		e.want(1, "", `PATH=/nonexistent; killproc "$D/bin/web"`)
		eventually(t, "the end by TERM", func() bool { return !alive(pid) })
		if e.log() != "start\nterminated\n" {
			t.Errorf("log %q, want one TERM", e.log())
		}
	})
}

func TestStatus(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		e.program("web")
		e.want(3, "web is not running.\n", `statusproc "$D/bin/web"`)
		e.want(3, "", `pidofproc web`)
		e.want(0, "", `start_daemon "$D/bin/web"`, writesTo(e.path("run", "web.pid"))...)
		pid := e.pidOf(e.path("run", "web.pid"))
		e.want(0, fmt.Sprintf("web is running with Process ID(s) %d.\n", pid), `statusproc "$D/bin/web"`)
		e.want(0, fmt.Sprintf("%d\n", pid), `pidofproc -p "$D/run/web.pid" web`)
		if err := os.Mkdir(e.path("run", "dir.pid"), 0o755); err != nil {
			t.Fatal(err)
		}
		e.want(1, "dir is not running but "+e.path("run", "dir.pid")+" exists.\n", `statusproc dir`)
		if err := syscall.Mkfifo(e.path("run", "pipe.pid"), 0o644); err != nil {
			t.Fatal(err)
		}
		e.want(1, "", `pidofproc pipe`)
		for _, call := range []string{"statusproc", "statusproc a b", "statusproc -x a", "statusproc -p", "statusproc -p '' a", "pidofproc /"} {
			e.want(2, "", call)
		}
	})
}

func TestExitCodes(t *testing.T) {
	tests := []struct {
		code int
		body string
	}{
		{5, `start_daemon /nonexistent/web`},
		{5, `start_daemon -f -p "$D/run/x.pid" web-that-nobody-has`},
		{5, `start_daemon "$D"`},
		{4, `start_daemon "$D/plain"`},
		{1, `start_daemon "$D/fails"`},
		{0, `start_daemon -f -n 5 -p "$D/run/x.pid" true x`},
		{2, `start_daemon`},
		{2, `start_daemon -n five true`},
		{2, `start_daemon -n`},
		{2, `start_daemon -x true`},
		{2, `start_daemon -p '' true`},
		{0, `killproc web`},
		{0, `killproc web TERM`},
		{0, `killproc web -9`},
		{7, `killproc web -HUP`},
		{7, `killproc web USR1`},
		{2, `killproc`},
		{2, `killproc -p`},
		{2, `killproc -p '' web`},
		{2, `killproc web -NOSUCH`},
		{2, `killproc web HUP TERM`},
	}
	eachShell(t, func(t *testing.T, e *initEnv) {
		e.write("fails", "#!/bin/sh\nexit 3\n")
		if err := os.Chmod(e.write("plain", ""), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, test := range tests {
			e.want(test.code, "", test.body)
		}
	})
}

func TestSignals(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		e.program("web")
		e.want(0, "", `start_daemon "$D/bin/web"`, writesTo(e.path("run", "web.pid"))...)
		log := "start\n"
		for _, spelling := range []string{"HUP", "-HUP", "SIGHUP", "-SIGHUP", "1", "-1", "hup", "-sighup"} {
			e.want(0, "", "check_signal "+spelling+` && ! check_sig_type `+spelling+` && killproc "$D/bin/web" `+spelling)
			log += "hangup\n"
			eventually(t, "HUP spelled "+spelling, func() bool { return e.log() == log })
		}
		e.want(0, "", `killproc -USR1 -p "$D/run/web.pid" "$D/bin/web"`)
		eventually(t, "USR1", func() bool { return e.log() == log+"user defined signal 1\n" })
		for _, ends := range []string{"TERM", "-15", "SIGKILL", "9", "-INT", "2", "QUIT", "-3"} {
			e.want(0, "", "check_signal "+ends+" && check_sig_type "+ends)
		}
		for _, wrong := range []string{"NOSUCH", "65", "-", "''", "1x", "-SIG", "'HUP TERM'", ""} {
			e.want(1, "", "check_sig_type "+wrong+"; check_signal "+wrong)
		}
		for _, number := range []string{"RTMIN", "RTMIN+1", "SIGWINCH", "64", "0"} {
			e.want(0, "", "check_signal "+number)
		}
		pid := e.pidOf(e.path("run", "web.pid"))
		e.want(0, "", `killproc "$D/bin/web" SIGKILL`)
		if alive(pid) {
			t.Error("killproc with KILL did not wait for the end")
		}
	})
}

// What is started gets an empty stdin, the nice level, and no descriptor of
// whoever called. dash can close only those below 10.
func TestStartedProcess(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		e.program("web")
		path := e.path("run", "web.pid")
		body := `PATH="$D/bin:$PATH"; exec 5>"$D/lock" </etc/passwd
			web() { exit 9; }; ` + "\n"
		if filepath.Base(e.shell) == "bash" {
			body += `exec 200>"$D/lock"` + "\n"
		}
		e.want(0, "", body+`start_daemon -f -p "$P" -n 5 web`, writesTo(path)...)
		pid := e.pidOf(path)
		if target, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/0", pid)); target != os.DevNull {
			t.Errorf("stdin is %s", target)
		}
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, fd := range fds {
			if target, _ := os.Readlink(fd); strings.HasPrefix(target, e.dir) {
				t.Errorf("descriptor %s is %s", filepath.Base(fd), target)
			}
		}
		mine, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
		if err != nil {
			t.Fatal(err)
		}
		// The system call's answer is 20 minus the nice level.
		if got, err := syscall.Getpriority(syscall.PRIO_PROCESS, pid); err != nil || mine-got != min(5, mine-1) {
			t.Errorf("nice is %d below the test's (%v), want 5", mine-got, err)
		}
	})
}

// D21: a script that ends with evaluate_retval fails when its instruction did.
func TestMessages(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		e.want(0, "Starting web... [ OK ]\n", `log_info_msg "Starting web..."; true; evaluate_retval`)
		e.want(5, "Starting web... (status 5) [ FAIL ]\n", `log_info_msg "Starting web..."; start_daemon /nonexistent; evaluate_retval`)
		e.want(3, " (status 3) [ FAIL ]\n", `set -e; (exit 3) || evaluate_retval`)
		e.want(0, "a b%s\\n", `log_info_msg a 'b%s\n'`)
		e.want(0, "a", `log_info_msg2 a`)
		for name, tag := range map[string]string{
			"log_success_msg": "OK", "log_success_msg2": "OK", "log_failure_msg": "FAIL",
			"log_failure_msg2": "FAIL", "log_warning_msg": "WARN", "log_skip_msg": "SKIP",
		} {
			e.want(0, "a b [ "+tag+" ]\n", name+" a b")
		}
	})
}

func TestSmallFunctions(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		for _, yes := range []string{"1", "yes", "y", "true", "t", "YES", "True"} {
			e.want(0, "", "is_true "+yes)
		}
		for _, no := range []string{"0", "no", "''", "", "2", "yess", "on"} {
			e.want(1, "", "is_true "+no)
		}
		e.want(0, "next\n", "echo next | { wait_for_user; cat; }")
		e.want(0, e.path("base")+":/a\n", `echo "$PATH"`, "PATH=/a")
		e.want(0, e.path("base")+"\n", `echo "$PATH"`, "PATH=")
		functions, _ := os.ReadFile(e.path("init-functions"))
		e.write("init-functions", strings.ReplaceAll(string(functions), e.path("base"), ""))
		e.want(0, "/a\n", `echo "$PATH"`, "PATH=/a")
	})
}

// A thousand scripts source the file at a switch. Neither that nor a look at a
// healthy process starts another one.
func TestForks(t *testing.T) {
	eachShell(t, func(t *testing.T, e *initEnv) {
		e.want(0, "", "", "PATH=/nonexistent")
		strace, err := exec.LookPath("strace")
		if err != nil {
			t.Skip("no strace here to count processes with")
		}
		if got := e.command(nil, strace, "-qq", "true"); got.code != 0 {
			t.Skipf("strace does not work here: %s", got.err)
		}
		e.program("web")
		e.want(0, "", `start_daemon "$D/bin/web"`, writesTo(e.path("run", "web.pid"))...)
		for body, want := range map[string]int{
			"":                                  0,
			`statusproc "$D/bin/web"`:           0,
			`start_daemon "$D/bin/web"`:         0,
			`killproc "$D/bin/web" -HUP`:        0,
			`killproc other`:                    0,
			`log_info_msg a; evaluate_retval`:   0,
			`start_daemon -p "$D/run/o" "$T" x`: 1,
		} {
			script := e.write("script", ". \"$D/init-functions\"\n"+body)
			truth, _ := exec.LookPath("true")
			trace := e.path("trace")
			got := e.command([]string{"D=" + e.dir, "T=" + truth}, strace, "-qq", "-o", trace, "-e", "trace=clone,clone3,fork,vfork", e.shell, script)
			text, err := os.ReadFile(trace)
			if err != nil || got.code != 0 {
				t.Fatalf("%s: exit %d, %s (%v)", body, got.code, got.err, err)
			}
			forks := 0
			for line := range strings.Lines(string(text)) {
				if !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "+++") {
					forks++
				}
			}
			if forks != want {
				t.Errorf("%q started %d processes, want %d:\n%s", body, forks, want, text)
			}
		}
	})
}
