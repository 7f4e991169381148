package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// s6rcPlace is a deployment with an s6-svscan of its own.
type s6rcPlace struct {
	*deployment
	state   string
	live    string
	enter   string   // beginning of a shell command that runs where s6-svscan is to be
	options []string // of each switch
}

func newS6rc(t *testing.T) *s6rcPlace {
	t.Helper()
	return s6rcFor(newDeployment(t), "state")
}

func s6rcFor(d *deployment, state string) *s6rcPlace {
	d.t.Helper()
	for _, program := range []string{"s6-rc-compile", "s6-rc-init", "s6-rc-update", "s6-rc", "s6-svscan", "execlineb"} {
		if _, err := exec.LookPath(program); err != nil {
			d.t.Skip(program + " is not installed")
		}
	}
	return &s6rcPlace{
		deployment: d, state: d.path(state), live: d.path(state, "run", "s6-rc"), enter: "exec",
		options: []string{"--state-dir", d.path(state), "--force-disable-user-change", "--host-packages"},
	}
}

// run starts s6-svscan by our command and waits until it answers. It ends with
// the test, or when it is told to.
func (p *s6rcPlace) run() (end func()) {
	p.t.Helper()
	cmd := exec.Command("sh", "-c", p.enter+` "$1" s6-svscan --state-dir "$2"`, "sh", p.binary, p.state)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	// What no log service takes: the words of supervisors and of oneshots.
	said := p.write("s6-svscan.log", "")
	log, err := os.OpenFile(said, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if text, err := os.ReadFile(said); p.t.Failed() && err == nil {
			p.t.Logf("s6-svscan and its kin said\n%s", text)
		}
	})
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	end = sync.OnceFunc(func() {
		cmd.Process.Signal(syscall.SIGTERM) // ends all supervisors and their processes
		select {
		case <-ended:
		case <-time.After(patience):
			cmd.Process.Kill()
			p.t.Error("s6-svscan did not end within " + patience.String())
		}
	})
	p.t.Cleanup(func() {
		p.program("s6-rc", "-l", p.live, "-t", "10000", "-D", "change", "default")
		end()
	})
	eventually(p.t, "s6-svscan answers", func() bool {
		return p.program("s6-svscanctl", "-a", filepath.Join(p.state, "run/service")).code == 0
	})
	return end
}

func (p *s6rcPlace) switchTo(args ...string) outcome {
	p.t.Helper()
	return p.nixproc(slices.Concat([]string{"s6-rc-switch"}, p.options, args)...)
}

func (p *s6rcPlace) mustSwitchTo(args ...string) outcome {
	p.t.Helper()
	r := p.switchTo(args...)
	if r.code != 0 {
		p.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// up lists the services that s6-rc has as up, without its own.
func (p *s6rcPlace) up() []string {
	p.t.Helper()
	r := p.program("s6-rc", "-l", p.live, "-a", "list")
	if r.code != 0 {
		p.t.Fatalf("s6-rc list: exit code %d\n%s", r.code, r.stderr)
	}
	names := strings.Fields(r.stdout)
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "s6rc-") })
	slices.Sort(names)
	return names
}

// observe gives, by name, which processes run by s6 and by /proc: pid and start
// time. What is a oneshot is found by its pid file.
func (p *s6rcPlace) observe() map[string]string {
	p.t.Helper()
	found := map[string]string{}
	for _, service := range p.up() {
		name := strings.TrimSuffix(service, "-srv")
		pid := strings.TrimSpace(p.program("s6-svstat", "-o", "pid", filepath.Join(p.live, "servicedirs", service)).stdout)
		if pid == "" {
			if text, err := os.ReadFile(filepath.Join(p.state, "run", name+".pid")); err == nil {
				pid = strings.TrimSpace(string(text))
			} else if text, err := os.ReadFile(filepath.Join(p.state, "tmp", name+".pid")); err == nil {
				pid = strings.TrimSpace(string(text))
			}
		}
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if fields[0] != "Z" {
			found[name] = pid + " since " + fields[19]
		}
	}
	return found
}

func (p *s6rcPlace) pid(name string) string {
	p.t.Helper()
	pid, _, _ := strings.Cut(p.observe()[name], " ")
	if pid == "" {
		p.t.Fatalf("%s does not run", name)
	}
	return pid
}

// runsExactly checks that these processes run and that s6-rc has no others up;
// and that the link to the database leads to the one that is live, the only one.
func (p *s6rcPlace) runsExactly(names ...string) map[string]string {
	p.t.Helper()
	o := p.observe()
	for _, name := range names {
		if o[name] == "" {
			p.t.Errorf("%s does not run: %v", name, o)
		}
	}
	for name := range o {
		if of := strings.TrimSuffix(name, "-log"); !slices.Contains(names, of) {
			p.t.Errorf("%s runs, want %q", name, names)
		}
	}
	databases := filepath.Join(p.state, "etc/s6/rc")
	live, err := os.Readlink(filepath.Join(p.live, "compiled"))
	if err != nil {
		p.t.Error(err)
	}
	if target, err := os.Readlink(filepath.Join(databases, "compiled")); err != nil || target != live {
		p.t.Errorf("compiled leads to %s (%v), live is %s", target, err, live)
	}
	if all, err := filepath.Glob(filepath.Join(databases, "compiled-*")); err != nil || !slices.Equal(all, []string{live}) {
		p.t.Errorf("the databases are %q, live is %s", all, live)
	}
	return o
}

func (p *s6rcPlace) number(name string) int {
	p.t.Helper()
	pid, err := strconv.Atoi(p.pid(name))
	if err != nil {
		p.t.Fatal(err)
	}
	return pid
}

func startS6rc(t *testing.T) *instance {
	m := newMachine(t)
	p := s6rcFor(m.deployment, "state")
	p.run()
	i := m.instance(p.number)
	i.keeps = "run" // s6-svscan goes on, and what s6-rc has of its own
	return i
}

// database is the one that is live.
func (p *s6rcPlace) database() string {
	p.t.Helper()
	target, err := os.Readlink(filepath.Join(p.live, "compiled"))
	if err != nil {
		p.t.Fatal(err)
	}
	return target
}
