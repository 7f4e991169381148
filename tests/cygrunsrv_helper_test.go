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

// builtCygrunsrv builds, once, what stands for Cygwin's cygrunsrv and for
// Windows (see tests/cygrunsrv).
var builtCygrunsrv = sync.OnceValues(func() (string, error) { return buildStandIn("cygrunsrv") })

// cygrunsrvPlace is a deployment with services of its own.
type cygrunsrvPlace struct {
	*deployment
	state string // of the daemon: its socket, and logs
}

func newCygrunsrv(t *testing.T) *cygrunsrvPlace {
	t.Helper()
	p := cygrunsrvFor(newDeployment(t))
	p.run("exec")
	return p
}

func cygrunsrvFor(d *deployment) *cygrunsrvPlace {
	d.t.Helper()
	binary, err := builtCygrunsrv()
	if err != nil {
		d.t.Fatal(err)
	}
	p := &cygrunsrvPlace{deployment: d}
	if p.state, err = ownDir("npc"); err != nil { // a socket's path is short
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { os.RemoveAll(p.state) })
	for _, name := range []string{"cygrunsrv", "scm"} {
		if err := os.Symlink(binary, filepath.Join(p.state, name)); err != nil {
			d.t.Fatal(err)
		}
	}
	for i, variable := range d.env {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			d.env[i] = "PATH=" + p.state + ":" + path
		}
	}
	d.env = append(d.env, "NIXPROC_TEST_SCM="+p.state)
	return p
}

// run starts the daemon, by a shell command that begins so.
func (p *cygrunsrvPlace) run(enter string) {
	p.t.Helper()
	cmd := exec.Command("sh", "-c", enter+` "$1"`, "sh", filepath.Join(p.state, "scm"))
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "NIXPROC_TEST_SCM=" + p.state}
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
			p.t.Error("the stand-in of Windows did not end within " + patience.String())
		}
	})
	eventually(p.t, "the service manager answers", func() bool { return p.srv("--list", "--verbose").code == 0 })
}

func (p *cygrunsrvPlace) srv(words ...string) outcome {
	p.t.Helper()
	return p.program(filepath.Join(p.state, "cygrunsrv"), words...)
}

func (p *cygrunsrvPlace) switchTo(args ...string) outcome {
	p.t.Helper()
	return p.nixproc(append([]string{"cygrunsrv-switch", "--state-dir", p.path("state"), "--force-disable-user-change", "--host-packages"}, args...)...)
}

func (p *cygrunsrvPlace) mustSwitchTo(args ...string) outcome {
	p.t.Helper()
	r := p.switchTo(args...)
	if r.code != 0 {
		p.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// calls gives what cygrunsrv was called with since the last time, without what
// only asks, each with its exit code.
func (p *cygrunsrvPlace) calls() []string {
	p.t.Helper()
	file := filepath.Join(p.state, "calls")
	lines := strings.Split(strings.TrimSpace(read(p.t, file)), "\n")
	if err := os.Truncate(file, 0); err != nil {
		p.t.Fatal(err)
	}
	return slices.DeleteFunc(lines, func(line string) bool {
		return line == "" || strings.Contains(line, " --list ") || strings.Contains(line, " --query ")
	})
}

var cygrunsrvService = regexp.MustCompile(`(?ms)^Service +: nix-process-(\S+)\n(.*?)\n\n`)

// observe gives, by name, which services run, and by /proc: pid and start time;
// it is "" for one that is installed and does not run.
func (p *cygrunsrvPlace) observe() map[string]string {
	p.t.Helper()
	found := map[string]string{}
	for _, match := range cygrunsrvService.FindAllStringSubmatch(p.srv("--list", "--verbose").stdout, -1) {
		found[match[1]] = ""
		_, pid, running := strings.Cut(match[2], "X-Process           : ")
		if stat, err := os.ReadFile("/proc/" + pid + "/stat"); running && err == nil {
			fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
			found[match[1]] = pid + " since " + fields[19]
		}
	}
	return found
}

func (p *cygrunsrvPlace) pid(name string) int {
	p.t.Helper()
	var pid int
	if _, err := fmt.Sscan(p.observe()[name], &pid); err != nil {
		p.t.Fatalf("%s does not run:\n%s", name, p.srv("--list", "--verbose").stdout)
	}
	return pid
}

// runsExactly checks that these run, and that no others are installed.
func (p *cygrunsrvPlace) runsExactly(names ...string) map[string]string {
	p.t.Helper()
	o := p.observe()
	if len(o) != len(names) {
		p.t.Errorf("want %q to run, there are %v", names, o)
	}
	for _, name := range names {
		if o[name] == "" {
			p.t.Errorf("%s does not run:\n%s", name, p.srv("--list", "--verbose").stdout)
		}
	}
	return o
}
