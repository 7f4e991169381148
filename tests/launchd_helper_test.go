package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// builtLaunchctl builds, once, what stands for macOS's launchd (see
// tests/launchctl). The real one runs on macOS alone.
var builtLaunchctl = sync.OnceValues(func() (string, error) { return buildStandIn("launchctl") })

// buildStandIn builds a program of this directory.
func buildStandIn(name string) (string, error) {
	store, err := sharedStore()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(store.dir, name)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	binary := filepath.Join(dir, name)
	cmd := exec.Command("go", "build", "-o", binary, "./"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// launchdPlace is a deployment with a launchd of its own.
type launchdPlace struct {
	*deployment
	domain string
	dir    string // LAUNCHD_TARGET_DIR
	state  string // of the daemon: its socket, and a log of calls
	enter  string // beginning of a shell command that runs where launchd is to be
}

func newLaunchd(t *testing.T) *launchdPlace {
	t.Helper()
	return launchdFor(newDeployment(t))
}

func launchdFor(d *deployment) *launchdPlace {
	d.t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		d.t.Skip(err)
	}
	if os.Geteuid() != 0 {
		d.t.Skip("the stand-in has the domain of the system, which is root's")
	}
	binary, err := builtLaunchctl()
	if err != nil {
		d.t.Fatal(err)
	}
	p := &launchdPlace{deployment: d, domain: "system", dir: d.path("Launch Daemons"), enter: "exec"}
	if p.state, err = ownDir("npl"); err != nil { // a socket's path is short
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { os.RemoveAll(p.state) })
	if err := os.Chmod(p.state, 0o755); err != nil {
		d.t.Fatal(err)
	}
	for _, name := range []string{"launchctl", "launchd", "spawn", "wait4path"} {
		if err := os.Symlink(binary, filepath.Join(p.state, name)); err != nil {
			d.t.Fatal(err)
		}
	}
	for i, variable := range d.env {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			d.env[i] = "PATH=" + p.state + ":" + path
		}
	}
	d.env = append(d.env, "LAUNCHD_TARGET_DIR="+p.dir, "NIXPROC_TEST_LAUNCHD="+p.state)
	return p
}

// run starts the daemon and waits until it answers.
func (p *launchdPlace) run() {
	p.t.Helper()
	cmd := exec.Command("sh", "-c", p.enter+` "$1"`, "sh", filepath.Join(p.state, "launchd"))
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "NIXPROC_TEST_LAUNCHD=" + p.state, "NIXPROC_TEST_DOMAIN=" + p.domain}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	p.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			cmd.Process.Kill()
			p.t.Error("the stand-in of launchd did not end within " + patience.String())
		}
	})
	eventually(p.t, "launchd answers", func() bool { return p.ctl("print", p.domain).code == 0 })
}

func (p *launchdPlace) ctl(words ...string) outcome {
	p.t.Helper()
	return p.program(filepath.Join(p.state, "launchctl"), words...)
}

func (p *launchdPlace) switchTo(args ...string) outcome {
	p.t.Helper()
	return p.nixproc(append([]string{"launchd-switch", "--state-dir", p.path("state"), "--force-disable-user-change", "--host-packages"}, args...)...)
}

func (p *launchdPlace) mustSwitchTo(args ...string) outcome {
	p.t.Helper()
	r := p.switchTo(args...)
	if r.code != 0 {
		p.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// calls gives what launchctl was called with since the last time, without what
// only asks, each with its exit code.
func (p *launchdPlace) calls() []string {
	p.t.Helper()
	file := filepath.Join(p.state, "calls")
	lines := strings.Split(strings.TrimSpace(read(p.t, file)), "\n")
	if err := os.Truncate(file, 0); err != nil {
		p.t.Fatal(err)
	}
	return slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, " print ") || line == "" })
}

var launchdRunning = regexp.MustCompile(`(?m)^\s+([1-9]\d*)\s+\S+\s+org\.nixos\.(\S+)$`)

// observe gives, by name, which processes run by launchd and by /proc: pid and
// start time.
func (p *launchdPlace) observe() map[string]string {
	p.t.Helper()
	found := map[string]string{}
	for _, match := range launchdRunning.FindAllStringSubmatch(p.ctl("print", p.domain).stdout, -1) {
		stat, err := os.ReadFile("/proc/" + match[1] + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		found[match[2]] = match[1] + " since " + fields[19]
	}
	return found
}

func (p *launchdPlace) pid(name string) int {
	p.t.Helper()
	var pid int
	if _, err := fmt.Sscan(p.observe()[name], &pid); err != nil {
		p.t.Fatalf("%s does not run:\n%s", name, p.ctl("print", p.domain).stdout)
	}
	return pid
}

// runsExactly checks that these run, that launchd has no others of ours, and
// that there are no other plists.
func (p *launchdPlace) runsExactly(names ...string) map[string]string {
	p.t.Helper()
	o := p.observe()
	table := p.ctl("print", p.domain).stdout
	entries, err := os.ReadDir(p.dir)
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	if len(o) != len(names) || strings.Count(table, "org.nixos.") != len(names) || len(entries) != len(names) {
		p.t.Errorf("want %q to run, launchd says\n%sthe directory has %v", names, table, entries)
	}
	for _, name := range names {
		if o[name] == "" {
			p.t.Errorf("%s does not run:\n%s", name, table)
		}
	}
	return o
}
