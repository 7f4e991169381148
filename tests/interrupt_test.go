package tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// started is a command at work.
type started struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout bytes.Buffer
	stderr string // path
	done   chan error
}

// start begins a switch.
func (d *deployment) start(args ...string) *started {
	d.t.Helper()
	return d.begin(append([]string{"sysvinit-switch", "--state-dir", d.path("state"), "--force-disable-user-change"}, args...)...)
}

// begin begins a command, in a process group of its own.
func (d *deployment) begin(args ...string) *started {
	d.t.Helper()
	s := &started{t: d.t, stderr: filepath.Join(d.t.TempDir(), "stderr"), done: make(chan error, 1)}
	file, err := os.Create(s.stderr)
	if err != nil {
		d.t.Fatal(err)
	}
	defer file.Close()
	s.cmd = exec.Command(d.binary, args...)
	s.cmd.Dir, s.cmd.Env = d.dir, d.env
	s.cmd.Stdout, s.cmd.Stderr = &s.stdout, file
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	d.t.Cleanup(func() { syscall.Kill(s.cmd.Process.Pid, syscall.SIGKILL) })
	return s
}

// says waits until the command has written the text to stderr.
func (s *started) says(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); !strings.Contains(read(s.t, s.stderr), text); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("no %q on stderr:\n%s", text, read(s.t, s.stderr))
		}
	}
}

// interrupt sends the signal and gives what became of the command.
func (s *started) interrupt(signal syscall.Signal) outcome {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	return s.ends()
}

// ends waits for the end of the command.
func (s *started) ends() outcome {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(patience):
		s.t.Fatalf("it runs still, after %s\n%s", patience, read(s.t, s.stderr))
	}
	return outcome{s.stdout.String(), read(s.t, s.stderr), s.cmd.ProcessState.ExitCode()}
}

// longTime is a number of seconds for which nobody else sleeps.
func longTime() string { return fmt.Sprintf("1%09d", time.Now().UnixNano()%1e9) }

// An interrupted build ends soon, and so does its builder; nothing is touched.
func TestInterruptedBuild(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			b := newTwice(t)
			b.each(t, func(t *testing.T, d *deployment) {
				// Nobody else sleeps as long.
				duration := fmt.Sprintf("300.%09d", time.Now().UnixNano()%1e9)
				model := d.model("long.nix", `{
  a = sleeper "a" { };
  b.pkg = pkgs.runCommand "long" { } "sleep `+duration+`; mkdir $out";
}`)
				before := d.touchable()
				command := d.start(model)
				command.says("-long.drv'")
				eventually(t, "the builder runs", func() bool { return len(mentions(t, duration)) > 0 })
				r := command.interrupt(signal)
				if r.code != codeFailed {
					t.Errorf("exit code %d, want %d", r.code, codeFailed)
				}
				if !strings.Contains(r.stderr, "nixproc: interrupted: nix-store was stopped\n") || noMessage.MatchString(r.stderr) {
					t.Errorf("stderr:\n%s", r.stderr)
				}
				eventually(t, "the builder is gone", func() bool { return len(mentions(t, duration)) == 0 })
				for _, difference := range before.differences(d.touchable()) {
					t.Error(difference)
				}
			})
		})
	}
}

// So does an interrupted evaluation.
func TestInterruptedEvaluation(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	before := d.touchable()
	command := d.start(d.model("long.nix", `builtins.trace "now" (
  builtins.seq (builtins.foldl' (a: b: a + b) 0 (builtins.concatLists (builtins.genList (i: builtins.genList (j: i * j) 10000) 10000))) { })`))
	eventually(t, "Nix evaluates", func() bool {
		return len(mentions(t, d.path("long.nix"))) > 1 // nixproc itself, and nix-instantiate
	})
	r := command.interrupt(syscall.SIGINT)
	if r.code != codeFailed || !strings.Contains(r.stderr, "nixproc: interrupted: nix-instantiate was stopped\n") || noMessage.MatchString(r.stderr) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	eventually(t, "Nix is gone", func() bool { return len(mentions(t, d.path("long.nix"))) == 0 })
	for _, difference := range before.differences(d.touchable()) {
		t.Error(difference)
	}
}

// onceToldTo is how a daemon begins that takes its time: until there is a file beside
// its pid file.
const onceToldTo = `echo > \"$PID_FILE.begun\"; until [ -e \"$PID_FILE.go\" ]; do sleep 0.02; done; `

// P11: an interrupted deployment begins no further step, and what was done is
// undone: the old processes run, the new ones do not.
func TestInterruptedDeployment(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.mustSwitchTo(d.model("old.nix", `{
  kept = sleeper "kept" { };
  changed = sleeper "changed" { args = [ 1001 ]; };
  gone = sleeper "gone" { };
}`))
	profiles := listingOf(t, d.path("profiles"))
	keptPID, keptStart, _ := d.process("kept")
	command := d.start("--jobs=1", d.model("new.nix", `rec {
  kept = sleeper "kept" { };
  changed = sleeper "changed" { args = [ 1002 ]; };
  slow = daemon "slow" "`+onceToldTo+`sleep 1000 & echo $! > \"$PID_FILE\"" [ changed.pkg ];
  after = sleeper "after" { dependencies = [ slow.pkg ]; };
}`))
	waitFor(t, command, d.path("state/run/slow.pid.begun"))
	if err := command.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	command.says("interrupted: ending")
	d.write("state/run/slow.pid.go", "")
	r := command.ends()
	if r.code != codeFailed || !strings.Contains(r.stderr, "all steps were undone") {
		t.Errorf("exit code %d, want %d\n%s", r.code, codeFailed, r.stderr)
	}
	if strings.Contains(r.stderr, "started after") {
		t.Errorf("a step was begun after the interruption:\n%s", r.stderr)
	}
	for _, name := range []string{"slow", "after"} {
		if pid, _, alive := d.process(name); alive {
			t.Errorf("%s runs: %d", name, pid)
		}
	}
	for _, name := range []string{"changed", "gone"} {
		pid, _, alive := d.process(name)
		if !alive {
			t.Errorf("%s does not run\n%s", name, r.stderr)
			continue
		}
		line := read(t, fmt.Sprintf("/proc/%d/cmdline", pid))
		if name == "changed" && !strings.Contains(line, "1001") {
			t.Errorf("%s runs as %q, want the old one", name, line)
		}
	}
	if pid, start, alive := d.process("kept"); !alive || pid != keptPID || start != keptStart {
		t.Errorf("kept was %d since %s and is %d since %s", keptPID, keptStart, pid, start)
	}
	for _, difference := range profiles.differences(listingOf(t, d.path("profiles"))) {
		t.Error(difference)
	}
}
