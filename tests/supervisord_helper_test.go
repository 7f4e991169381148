package tests

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// supervisordPlace is a deployment with a supervisord of its own, which listens
// on a socket in a directory of its own.
type supervisordPlace struct {
	*deployment
	conf    string // SUPERVISORD_CONF_DIR
	sockets string // the directory of the socket that it listens on
	enter   string // beginning of a shell command that runs where supervisord is to be
}

func newSupervisord(t *testing.T) *supervisordPlace {
	t.Helper()
	return supervisordFor(newDeployment(t))
}

// supervisordFor puts the configuration into a deployment that is there.
func supervisordFor(d *deployment) *supervisordPlace {
	t := d.t
	t.Helper()
	for _, program := range []string{"supervisord", "supervisorctl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	p := &supervisordPlace{deployment: d, enter: "exec"}
	p.conf = p.path("conf dir")
	// Short: the path of a socket has at most 107 bytes.
	sockets, err := ownDir("nps")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	p.sockets = sockets
	for _, dir := range []string{"conf.d", "logs"} {
		if err := os.MkdirAll(filepath.Join(p.conf, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.write("conf dir/supervisord.conf", fmt.Sprintf(`[supervisord]
nodaemon = true
logfile = %%(here)s/logs/supervisord.log
pidfile = %%(here)s/supervisord.pid
childlogdir = %%(here)s/logs
[unix_http_server]
file = %[1]s/s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://%[1]s/s
[include]
files = conf.d/*
`, sockets))
	p.env = append(p.env, "SUPERVISORD_CONF_DIR="+p.conf)
	return p
}

// run starts supervisord and waits until it answers. The function kills it.
func (p *supervisordPlace) run() (kill func()) {
	p.t.Helper()
	cmd := exec.Command("sh", "-c", p.enter+` supervisord -c "$1"`, "sh", filepath.Join(p.conf, "supervisord.conf"))
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	p.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM) // stops all programs
		select {
		case <-ended:
		case <-time.After(patience):
			cmd.Process.Kill()
			p.t.Errorf("supervisord did not end within %s", patience)
		}
	})
	// Asking supervisorctl takes longer than supervisord needs to start.
	eventually(p.t, "supervisord answers", func() bool { return listens("unix", p.sockets+"/s") })
	return func() {
		cmd.Process.Kill()
		ended <- <-ended
	}
}

// listens says whether somebody answers at an address.
func listens(network, address string) bool {
	connection, err := net.Dial(network, address)
	if err == nil {
		connection.Close()
	}
	return err == nil
}

func (p *supervisordPlace) ctl(words ...string) outcome {
	p.t.Helper()
	return p.program("supervisorctl", append([]string{"-c", filepath.Join(p.conf, "supervisord.conf")}, words...)...)
}

func (p *supervisordPlace) switchTo(args ...string) outcome {
	p.t.Helper()
	return p.nixproc(append([]string{"supervisord-switch", "--state-dir", p.path("state"), "--force-disable-user-change", "--host-packages"}, args...)...)
}

func (p *supervisordPlace) mustSwitchTo(args ...string) outcome {
	p.t.Helper()
	r := p.switchTo(args...)
	if r.code != 0 {
		p.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

var supervisordRunning = regexp.MustCompile(`(?m)^(\S+)\s+RUNNING\s+pid (\d+),`)

// observe gives, by name, which processes run by supervisord and by /proc: pid
// and start time.
func (p *supervisordPlace) observe() map[string]string {
	p.t.Helper()
	return running(p.ctl("status").stdout)
}

func running(status string) map[string]string {
	found := map[string]string{}
	for _, match := range supervisordRunning.FindAllStringSubmatch(status, -1) {
		stat, err := os.ReadFile("/proc/" + match[2] + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		found[match[1]] = match[2] + " since " + fields[19]
	}
	return found
}

func (p *supervisordPlace) pid(name string) string {
	p.t.Helper()
	pid, _, _ := strings.Cut(p.observe()[name], " ")
	if pid == "" {
		p.t.Fatalf("%s does not run:\n%s", name, p.ctl("status").stdout)
	}
	return pid
}

// number is pid as a number.
func (p *supervisordPlace) number(name string) int {
	p.t.Helper()
	pid, err := strconv.Atoi(p.pid(name))
	if err != nil {
		p.t.Fatal(err)
	}
	return pid
}

// runsExactly checks that these programs run and that supervisord and conf.d
// have no others.
func (p *supervisordPlace) runsExactly(names ...string) map[string]string {
	p.t.Helper()
	status := p.ctl("status").stdout
	o := running(status)
	entries, err := os.ReadDir(filepath.Join(p.conf, "conf.d"))
	if err != nil {
		p.t.Fatal(err)
	}
	if len(o) != len(names) || strings.Count(status, "\n") != len(names) || len(entries) != len(names) {
		p.t.Errorf("want %q to run, supervisord says\n%sconf.d has %v", names, status, entries)
	}
	for _, name := range names {
		if o[name] == "" {
			p.t.Errorf("%s does not run:\n%s", name, status)
		}
	}
	return o
}

// kept checks that the processes are the same ones.
func kept(t *testing.T, before, after map[string]string, names ...string) {
	t.Helper()
	for _, name := range names {
		if before[name] == "" || before[name] != after[name] {
			t.Errorf("%s was process %q and is process %q", name, before[name], after[name])
		}
	}
}
