package tests

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sysvinitRoot names a directory that fetch-sysvinit.sh has filled before, so
// that the tests need no network.
const sysvinitRoot = "NIXPROC_SYSVINIT_ROOT"

// bootTimeout bounds each wait for init and its scripts.
const bootTimeout = patience

// What init runs at boot, in the order of the model; and in the reverse order
// when the machine leaves the runlevel or is shut down.
func TestBootWithSysvinit(t *testing.T) {
	t.Parallel()
	needsUnshare(t, "--uts", "--ipc", "--pid", "--fork")
	d := newDeployment(t)
	journal := d.path("journal")
	model := d.write("model.nix", fmt.Sprintf(bootModel, absolute(t, "../nixproc"), read(t, "boot/process.sh")))
	// To deploy for a runlevel in which nothing starts is what a machine does
	// that is in runlevel 2: the processes come with runlevel 3.
	r := d.mustSwitchTo("--runlevel", "2", "--host-packages", "--extra-params", fmt.Sprintf("{ journal = %q; }", journal), model)
	if !strings.Contains(r.stderr, "it starts in runlevel 3 4 5, this is 2") {
		t.Errorf("nothing says that the processes wait for another runlevel:\n%s", r.stderr)
	}
	if _, err := os.Stat(journal); err == nil {
		t.Fatalf("processes of runlevel 3 were started in runlevel 2:\n%s", read(t, journal))
	}

	b := boot(t, d)
	if got := b.reached(2, 0); len(got) > 0 {
		t.Errorf("in runlevel 2 there ran %q", got)
	}
	for _, last := range []int{2, 6, 0} {
		started := b.change(3)
		inOrder(t, started, "start low", "start middle", "start high")
		wants(t, started, "start high", "start left", "start low", "start middle", "start right")
		for _, name := range []string{"low", "middle", "high", "left", "right"} {
			if out := b.inside("/etc/init.d/"+name, "status"); !strings.Contains(out, "is running") {
				t.Errorf("the status of %s is %s", name, out)
			}
		}
		stopped := b.change(last)
		inOrder(t, stopped, "stop high", "stop middle", "stop low")
		wants(t, stopped, "stop high", "stop left", "stop low", "stop middle", "stop right")
	}
	if left, err := filepath.Glob(d.path("state", "run", "*.pid")); err != nil || len(left) > 0 {
		t.Errorf("PID files are left: %q (%v)", left, err)
	}
}

// bootModel is a chain of three processes and two that depend on nothing. Each
// writes a line to the journal before its start script ends, and one when it
// ends itself.
const bootModel = `{ pkgs, stateDir, runtimeDir, logDir, tmpDir, forceDisableUserChange, processManager, journal }:
let
  create = import (%s + "/create-managed-process/universal/create-managed-process-universal.nix") {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager;
  };
  program = pkgs.writeTextFile {
    name = "process";
    executable = true;
    text = ''%s'';
  };
  process = instanceName: dependencies: {
    pkg = create {
      inherit instanceName dependencies;
      daemon = "${program}";
      daemonArgs = [ instanceName journal "${runtimeDir}/${instanceName}.pid" ];
      overrides.sysvinit.runlevels = [ 3 4 5 ];
    };
  };
in
rec {
  # By name, the order would be another one.
  high = process "high" [ middle.pkg ];
  middle = process "middle" [ low.pkg ];
  low = process "low" [ ];
  left = process "left" [ ];
  right = process "right" [ ];
}
`

// booted is a machine whose PID 1 is System V init.
type booted struct {
	d    *deployment
	init int // its PID outside
}

// boot boots into runlevel 2 with the scripts of the profile.
func boot(t *testing.T, d *deployment) *booted {
	t.Helper()
	return bootInto(t, d, 2, d.path("profiles", "processes"))
}

func bootInto(t *testing.T, d *deployment, runlevel int, scripts string) *booted {
	t.Helper()
	// Scripts of ours, which show which runlevel is done: they come last.
	for _, level := range []int{0, 2, 3, 6} {
		d.write(fmt.Sprintf("init.d/zz-runlevel%d", level),
			fmt.Sprintf("#!/bin/sh\necho runlevel %d >>'%s'\n", level, d.path("journal")))
		script := d.path("init.d", fmt.Sprint("zz-runlevel", level))
		link := d.path(fmt.Sprintf("rc%d.d", level), fmt.Sprint("S99zz-runlevel", level))
		if err := os.Chmod(script, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../init.d/"+filepath.Base(script), link); err != nil {
			t.Fatal(err)
		}
	}

	log, err := os.Create(d.path("boot.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(absolutePath(t, "boot-sysvinit.sh"), d.dir, sysvinitTree(t), scripts, d.dir, d.store.dir)
	cmd.Env = append(os.Environ(), fmt.Sprint("BOOT_RUNLEVEL=", runlevel))
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &booted{d: d}
	t.Cleanup(func() {
		input.Close()
		cmd.Wait()
		if b.init != 0 {
			gone(t, b.init)
		}
		if t.Failed() {
			t.Logf("the boot said:\n%s", read(t, log.Name()))
		}
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	unshare, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	b.await("init runs", func() bool {
		if below := children(t, unshare); len(below) == 1 {
			b.init = below[0]
			return strings.TrimSpace(read(t, fmt.Sprintf("/proc/%d/comm", b.init))) == "init"
		}
		return false
	})
	return b
}

// sysvinitTree is the tree of System V init.
func sysvinitTree(t *testing.T) string {
	t.Helper()
	dir := os.Getenv(sysvinitRoot)
	if dir == "" {
		t.Skipf("%s names no unpacked System V init, and tests download nothing: see tests/fetch-sysvinit.sh", sysvinitRoot)
	}
	if _, err := os.Stat(filepath.Join(dir, "usr/sbin/init")); err != nil {
		t.Fatalf("%s: %v; run tests/fetch-sysvinit.sh '%s'", sysvinitRoot, err, dir)
	}
	return dir
}

func absolutePath(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// inside runs a program in the booted machine, in the environment of a login.
func (b *booted) inside(args ...string) string {
	b.d.t.Helper()
	enter := []string{"20", "nsenter", "--target", strconv.Itoa(b.init), "--mount", "--uts", "--ipc", "--pid", "--",
		"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	out, err := exec.Command("timeout", slices.Concat(enter, args)...).CombinedOutput()
	if err != nil {
		b.d.t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return string(out)
}

// change tells init to go to a runlevel, and gives what was written meanwhile.
func (b *booted) change(level int) []string {
	b.d.t.Helper()
	before := len(b.journal())
	b.inside("telinit", strconv.Itoa(level))
	return b.reached(level, before)
}

// reached waits until init has run all scripts of a runlevel, and gives what
// stands in the journal after so many lines, without the mark at its end.
func (b *booted) reached(level, after int) []string {
	b.d.t.Helper()
	var lines []string
	b.await(fmt.Sprint("all scripts of runlevel ", level, " have run"), func() bool {
		lines = b.journal()
		return len(lines) > after && lines[len(lines)-1] == fmt.Sprint("runlevel ", level)
	})
	if out := b.inside("runlevel"); !strings.HasSuffix(out, fmt.Sprintf(" %d\n", level)) {
		b.d.t.Errorf("runlevel says %q, want %d", out, level)
	}
	return lines[after : len(lines)-1]
}

func (b *booted) await(what string, holds func() bool) {
	b.d.t.Helper()
	for end := time.Now().Add(bootTimeout); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.d.t.Fatalf("after %s still not so: %s; the journal is %q", bootTimeout, what, b.journal())
		}
	}
}

// journal gives the lines that scripts and processes have written.
func (b *booted) journal() []string {
	data, err := os.ReadFile(b.d.path("journal"))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// inOrder checks that lines come one after the other.
func inOrder(t *testing.T, lines []string, wanted ...string) {
	t.Helper()
	last := -1
	for _, want := range wanted {
		at := slices.Index(lines, want)
		if at <= last {
			t.Errorf("%q is not where it should be in %q, want the order %q", want, lines, wanted)
			return
		}
		last = at
	}
}

// wants checks that there are just these lines, in any order.
func wants(t *testing.T, lines []string, sorted ...string) {
	t.Helper()
	got := slices.Clone(lines)
	slices.Sort(got)
	if !slices.Equal(got, sorted) {
		t.Errorf("got  %q\nwant %q", got, sorted)
	}
}
