package tests

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// machine is a deployment made by root, in a mount namespace whose /etc is a
// copy: users and groups that are made there end with it. The processes are
// those of the host, so they are looked at from outside.
type machine struct {
	*deployment
	holder     int      // a process that lives as long as the namespaces have to
	namespaces []string // which it has to itself, as unshare and nsenter call them
}

// privateEtc makes the namespace's own /etc, and whatever else the tools for
// users write.
const privateEtc = `
mount -t tmpfs tmpfs /mnt
cp -a /etc /mnt/etc
mount --bind /mnt/etc /etc
for dir in /var/log /var/mail; do
	if [ -d "$dir" ]; then mount -t tmpfs tmpfs "$dir"; fi
done
`

// ownNumbers lets the accounts of a machine have numbers of its own: userdel
// removes nobody whose number any process of the host has. $1 is the first.
const ownNumbers = `sed -i "s/^\([UG]ID_MIN\).*/\1 $1/" /etc/login.defs`

// nextNumbers is what firstNumber gave last, 20 for each machine. It begins
// somewhere, since another run of the tests may be at work.
var nextNumbers = func() *atomic.Uint32 {
	var first atomic.Uint32
	first.Store(rand.Uint32N(1500))
	return &first
}()

func firstNumber() uint32 { return 10000 + 20*(nextNumbers.Add(1)%1500) }

// accountFiles are what the tools for users write.
var accountFiles = []string{"passwd", "group", "shadow", "gshadow", "subuid", "subgid"}

func needsRoot(t *testing.T, programs ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may do this")
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
}

func needsUnshare(t *testing.T, options ...string) {
	t.Helper()
	needsRoot(t, "unshare", "nsenter", "mount")
	args := slices.Concat([]string{"--mount", "--propagation", "private"}, options, []string{"mount", "-t", "tmpfs", "tmpfs", "/mnt"})
	if out, err := exec.Command("unshare", args...).CombinedOutput(); err != nil {
		t.Skipf("no private namespaces: %v: %s", err, out)
	}
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	return machineFor(newDeployment(t), privateEtc, "--mount")
}

// machineFor puts a deployment into namespaces that a shell script sets up.
func machineFor(d *deployment, setUp string, namespaces ...string) *machine {
	t := d.t
	t.Helper()
	needsUnshare(t, namespaces...)
	needsRoot(t, "groupadd", "useradd", "userdel", "groupdel")
	m := &machine{deployment: d, namespaces: namespaces}
	// The directory of a deployment is closed to others, and processes run
	// as others.
	if err := os.Chmod(filepath.Dir(m.dir), 0o755); err != nil {
		t.Fatal(err)
	}
	before := hostAccounts(t)
	t.Cleanup(func() {
		if hostAccounts(t) != before {
			t.Error("the host's own users or groups changed")
		}
	})

	// It lives until its standard input ends.
	setUp += "\n" + ownNumbers + "\necho ready\nexec cat >/dev/null"
	holder := exec.Command("unshare", slices.Concat(namespaces, []string{"--propagation", "private", "sh", "-ec", setUp, "sh", fmt.Sprint(firstNumber())})...)
	var complaints bytes.Buffer
	holder.Stderr = &complaints
	input, err := holder.StdinPipe() // it ends with this process, whatever happens
	if err != nil {
		t.Fatal(err)
	}
	output, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	m.holder = holder.Process.Pid
	t.Cleanup(func() {
		defer holder.Wait()
		defer input.Close()
		m.end()
	})
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "ready\n" {
		holder.Wait()
		t.Fatalf("no private /etc: %q, %v\n%s", line, err, complaints.String())
	}

	// Everything goes through this, also what the deployment's helpers run.
	m.binary = m.write("inside/nixproc", fmt.Sprintf("#!/bin/sh\n%s '%s' \"$@\"\n", m.enter(), m.binary))
	if err := os.Chmod(m.binary, 0o755); err != nil {
		t.Fatal(err)
	}
	return m
}

// enter is the beginning of a shell command that runs in the namespaces.
func (m *machine) enter() string {
	return fmt.Sprintf(`exec nsenter --target %d %s -- sh -c 'cd "$1" && shift && exec "$@"' sh "$PWD"`, m.holder, strings.Join(m.namespaces, " "))
}

// end ends every process in the namespace but the holder.
func (m *machine) end() {
	eventually(m.t, "the end of all processes in the namespace", func() bool {
		left := m.processes()
		for _, pid := range left {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		return len(left) == 0
	})
}

// processes are those in the namespace that live, without its holder.
func (m *machine) processes() []int {
	ours, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", m.holder))
	if err != nil {
		return nil
	}
	links, _ := filepath.Glob("/proc/[0-9]*/ns/mnt")
	var found []int
	for _, link := range links {
		if namespace, err := os.Readlink(link); err == nil && namespace == ours {
			pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
			if pid != m.holder && alive(pid) {
				found = append(found, pid)
			}
		}
	}
	return found
}

// inside runs a program in the namespace that has to succeed.
func (m *machine) inside(args ...string) string {
	m.t.Helper()
	r := m.program("sh", append([]string{"-c", m.enter() + ` "$@"`, "sh"}, args...)...)
	if r.code != 0 {
		m.t.Fatalf("%q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// switchAsRoot switches to a model with users and groups.
func (m *machine) switchAsRoot(args ...string) outcome {
	m.t.Helper()
	return m.nixproc(append([]string{"sysvinit-switch", "--host-packages", "--state-dir", m.path("state")}, args...)...)
}

// mustSwitchAsRoot is switchAsRoot for what has to succeed.
func (m *machine) mustSwitchAsRoot(args ...string) outcome {
	m.t.Helper()
	r := m.switchAsRoot(args...)
	if r.code != 0 {
		m.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// account gives the line of a user or group in a file of the namespace's /etc,
// "" if there is none.
func (m *machine) account(file, name string) string {
	m.t.Helper()
	return accountLine(m.t, fmt.Sprintf("/proc/%d/root/etc/%s", m.holder, file), name)
}

func accountLine(t *testing.T, file, name string) string {
	t.Helper()
	for _, line := range strings.Split(read(t, file), "\n") {
		if strings.HasPrefix(line, name+":") {
			return line
		}
	}
	return ""
}

func hostAccounts(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, name := range accountFiles {
		data, err := os.ReadFile("/etc/" + name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// running gives the PID of a process that has to run.
func (d *deployment) running(name string) int {
	d.t.Helper()
	pid, _, found := d.process(name)
	if !found {
		d.t.Fatalf("%s does not run", name)
	}
	return pid
}

// gone waits until nothing of a process is left but perhaps its zombie, for
// init reaps slowly on some machines.
func gone(t *testing.T, pid int) {
	t.Helper()
	eventually(t, fmt.Sprintf("the end of process %d", pid), func() bool { return !alive(pid) })
}

// status gives the words of a field in /proc/PID/status.
func status(t *testing.T, pid int, field string) []string {
	t.Helper()
	for _, line := range strings.Split(read(t, "/proc", strconv.Itoa(pid), "status"), "\n") {
		if words := strings.Fields(line); len(words) > 0 && words[0] == field+":" {
			return words[1:]
		}
	}
	t.Fatalf("/proc/%d/status has no %s", pid, field)
	return nil
}

// runsAs checks the user and the group of a process: real, effective, saved
// and of the file system.
func runsAs(t *testing.T, what string, pid, uid, gid int) {
	t.Helper()
	for field, id := range map[string]int{"Uid": uid, "Gid": gid} {
		want := slices.Repeat([]string{strconv.Itoa(id)}, 4)
		if got := status(t, pid, field); !slices.Equal(got, want) {
			t.Errorf("%s, process %d, has %s %q, want %q", what, pid, field, got, want)
		}
	}
}

// children of a process that live.
func children(t *testing.T, parent int) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		if fields[0] != "Z" && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
			found = append(found, pid)
		}
	}
	return found
}

// answers waits for a page that the reverse proxy passes on.
func answers(t *testing.T, proxyPort int, host string, port int) {
	t.Helper()
	want := fmt.Sprintf("listening on port: %d", port)
	page := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if page = get(t, proxyPort, host); strings.Contains(page, want) {
			return
		}
	}
	t.Errorf("%s is answered with\n%s", host, page)
}
