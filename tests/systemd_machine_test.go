package tests

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// systemdMachine is a real systemd of the test's own: PID 1 of private
// namespaces, or one of a user on the host.
type systemdMachine struct {
	*deployment
	user  bool
	units string   // the directory of unit files, seen from here
	enter []string // in front of the commands that are to reach it
	below []string // in front of the command that boots it
	more  []string // directories that can be seen there, beside the usual ones
	owner int      // the number of the user whose it is
	input io.Closer
}

// withSystemd runs a test under both.
func withSystemd(t *testing.T, test func(t *testing.T, m *systemdMachine)) {
	t.Parallel()
	for _, kind := range []string{"system", "user"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, newSystemdMachine(t, kind == "user"))
		})
	}
}

func newSystemdMachine(t *testing.T, user bool) *systemdMachine {
	t.Helper()
	return newSystemdMachineIn(t, newStore(t), user)
}

func newSystemdMachineIn(t *testing.T, store *nixStore, user bool) *systemdMachine {
	t.Helper()
	return systemdMachineFor(newDeploymentIn(t, store), user)
}

// systemdMachineFor starts a systemd for a deployment that is there.
func systemdMachineFor(d *deployment, user bool) *systemdMachine {
	d.t.Helper()
	m := &systemdMachine{deployment: d, user: user}
	m.start()
	return m
}

// newUnbootedMachine is a system that has not booted yet, so that there may be
// units when it does.
func newUnbootedMachine(t *testing.T, store *nixStore) *systemdMachine {
	t.Helper()
	m := &systemdMachine{deployment: newDeploymentIn(t, store)}
	m.prepare()
	return m
}

func (m *systemdMachine) prepare() {
	m.t.Helper()
	needsUnshare(m.t, "--uts", "--ipc", "--pid", "--cgroup", "--fork")
	needsRoot(m.t, "/lib/systemd/systemd", "systemctl", "journalctl")
	// Processes run as other users, and the test's directory is closed to them.
	if err := os.Chmod(filepath.Dir(m.dir), 0o755); err != nil {
		m.t.Fatal(err)
	}
	m.units = m.path("units")
}

// start boots the system, or brings up the user's own systemd.
func (m *systemdMachine) start() {
	t := m.t
	t.Helper()
	m.prepare()
	if m.user {
		// Short, as it is in the name of a socket.
		runtime, err := ownDir("npsd")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(runtime) })
		if err := os.Chown(runtime, m.owner, m.owner); err != nil {
			t.Fatal(err)
		}
		m.units = m.path("config", "systemd", "user")
		m.env = append(m.env, "XDG_RUNTIME_DIR="+runtime, "XDG_CONFIG_HOME="+m.path("config"))
		m.run("user-systemd.sh", runtime, m.path("config"), strconv.Itoa(m.owner))
		eventually(t, "the user's systemd is up", func() bool {
			return strings.TrimSpace(m.systemctl("is-active", "default.target").stdout) == "active"
		})
		return
	}
	m.boot()
}

// run starts a script that prints the PID of what it started and lives until
// its standard input ends.
func (m *systemdMachine) run(script string, args ...string) (pid int) {
	m.t.Helper()
	log, err := os.Create(m.path(script + ".log"))
	if err != nil {
		m.t.Fatal(err)
	}
	defer log.Close()
	words := slices.Concat(m.below, []string{absolutePath(m.t, script)}, args)
	cmd := exec.Command(words[0], words[1:]...)
	if m.input, err = cmd.StdinPipe(); err != nil {
		m.t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	input := m.input
	m.t.Cleanup(func() {
		input.Close()
		cmd.Wait()
		if m.t.Failed() {
			m.t.Logf("%s said:\n%s", script, read(m.t, log.Name()))
		}
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		m.t.Fatal(err)
	}
	if pid, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		m.t.Fatal(err)
	}
	return pid
}

// boot boots the system, for the first time or again.
func (m *systemdMachine) boot() {
	m.t.Helper()
	unshare := m.run("boot-systemd.sh", slices.Concat([]string{m.dir, m.dir, m.store.dir, filepath.Dir(m.binary), checkoutPath(m.t)}, m.more)...)
	var init int
	eventually(m.t, "systemd is PID 1", func() bool {
		if below := children(m.t, unshare); len(below) == 1 {
			init = below[0]
			comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", init))
			return err == nil && strings.TrimSpace(string(comm)) == "systemd"
		}
		return false
	})
	m.enter = []string{"nsenter", "-t", strconv.Itoa(init), "-m", "-u", "-i", "-n", "-p", "-C", "--"}
	m.until("the machine is up", func() bool {
		return strings.TrimSpace(m.systemctl("is-system-running").stdout) == "running"
	})
}

// powerOff ends the machine at once, as if the power went.
func (m *systemdMachine) powerOff() {
	m.t.Helper()
	m.input.Close()
	gone(m.t, m.init())
}

// init is the number, here, of its process 1.
func (m *systemdMachine) init() int {
	pid, _ := strconv.Atoi(m.enter[2])
	return pid
}

// inside runs a program in the machine.
func (m *systemdMachine) inside(args ...string) outcome {
	m.t.Helper()
	line := slices.Concat(m.enter, args)
	return m.program(line[0], line[1:]...)
}

func (m *systemdMachine) systemctl(args ...string) outcome {
	m.t.Helper()
	if m.user {
		args = append([]string{"--user"}, args...)
	}
	return m.inside(append([]string{"systemctl"}, args...)...)
}

// switchTo switches with systemd.
func (m *systemdMachine) switchTo(args ...string) outcome {
	m.t.Helper()
	options := []string{m.binary, "systemd-switch", "--host-packages", "--state-dir", m.path("state")}
	if m.user {
		options = append(options, "--user", "--force-disable-user-change")
	}
	return m.inside(append(options, args...)...)
}

func (m *systemdMachine) mustSwitchTo(args ...string) outcome {
	m.t.Helper()
	r := m.switchTo(args...)
	if r.code != 0 {
		m.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// pids gives what runs by what /proc says: the PIDs inside and their start
// times, by the names of the processes.
func (m *systemdMachine) pids() map[string]string {
	m.t.Helper()
	found := map[string]string{}
	for _, name := range m.unitFiles() {
		process, ok := strings.CutSuffix(strings.TrimPrefix(name, "nix-process-"), ".service")
		if !ok {
			continue
		}
		pid := strings.TrimSpace(m.systemctl("show", "--property=MainPID", "--value", name).stdout)
		stat := m.inside("cat", "/proc/"+pid+"/stat").stdout
		if fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]); len(fields) > 19 && fields[0] != "Z" {
			found[process] = pid + " since " + fields[19]
		}
	}
	return found
}

func pidOf(identity string) string {
	pid, _, _ := strings.Cut(identity, " ")
	return pid
}

// unitFiles lists the directory of unit files, with those below it.
func (m *systemdMachine) unitFiles() []string {
	m.t.Helper()
	var names []string
	filepath.WalkDir(m.units, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(m.units, path)
			names = append(names, name)
		}
		return nil
	})
	return names
}

// snapshot is the content of all unit files.
func (m *systemdMachine) snapshot() map[string]string {
	m.t.Helper()
	contents := map[string]string{}
	for _, name := range m.unitFiles() {
		if to, err := os.Readlink(filepath.Join(m.units, name)); err == nil {
			contents[name] = "-> " + to
			continue
		}
		contents[name] = read(m.t, m.units, name)
	}
	return contents
}

// runs checks which processes run, and that no others do.
func (m *systemdMachine) runs(names ...string) map[string]string {
	m.t.Helper()
	pids := m.pids()
	if got := slices.Sorted(maps.Keys(pids)); !slices.Equal(got, slices.Sorted(slices.Values(names))) {
		m.t.Errorf("%q run, want %q\n%s", got, names, m.systemctl("status", "nix-process-*", "--no-pager").stdout)
	}
	return pids
}

// kept checks that processes are the same as before.
func (m *systemdMachine) kept(before, after map[string]string, names ...string) {
	m.t.Helper()
	for _, name := range names {
		if before[name] == "" || before[name] != after[name] {
			m.t.Errorf("%s was process %q and is process %q: it should be the same", name, before[name], after[name])
		}
	}
}

// undeployed undeploys, and checks that nothing is left.
func (m *systemdMachine) undeployed() {
	m.t.Helper()
	m.mustSwitchTo("--undeploy")
	if left := m.unitFiles(); len(left) > 0 {
		m.t.Errorf("unit files are left after --undeploy: %q", left)
	}
	list := m.systemctl("list-units", "--all", "--plain", "--no-legend", "nix-process-*", "nixproc*").stdout
	if strings.TrimSpace(list) != "" {
		m.t.Errorf("systemd still has units after --undeploy:\n%s", list)
	}
	if left := mentions(m.t, m.path("state")+"/"); len(left) > 0 {
		m.t.Errorf("processes are left after --undeploy:\n%s", strings.Join(left, "\n"))
	}
}

// verify has systemd itself read the unit files.
func (m *systemdMachine) verify() {
	m.t.Helper()
	var files []string
	for _, name := range m.unitFiles() {
		if !strings.Contains(name, "/") {
			files = append(files, filepath.Join(m.units, name))
		}
	}
	args := []string{"systemd-analyze", "verify", "--man=no", "--recursive-errors=no"}
	if m.user {
		args = append(args, "--user")
	} else {
		for i := range files {
			files[i] = "/etc/systemd/system/" + filepath.Base(files[i])
		}
	}
	r := m.inside(append(args, files...)...)
	if r.code != 0 || r.stderr != "" {
		m.t.Errorf("systemd-analyze verify: exit code %d\n%s", r.code, r.stderr)
	}
}

// until waits for a condition in a machine.
func (m *systemdMachine) until(what string, holds func() bool) {
	m.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			journal := ""
			if !m.user {
				journal = m.inside("journalctl", "--no-pager", "--lines=50").stdout
			}
			m.t.Fatalf("after 30 s still not so: %s\n%s", what, journal)
		}
	}
}
