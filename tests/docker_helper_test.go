package tests

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dockerPlace is a deployment with a dockerd of its own.
type dockerPlace struct {
	*deployment
	own    []string // beginning of each command line of docker
	daemon string   // dockerd has all that it has in there
	// again kills dockerd, and starts another one where it was.
	again func()
}

// newDocker runs a dockerd that touches neither the host's network, nor its
// images, nor /run, and ends with the test.
func newDocker(t *testing.T) *dockerPlace {
	t.Helper()
	needsUnshare(t)
	needsRoot(t, "docker", "dockerd", "runc")
	d := newDeployment(t)
	// Short: the path of a socket has at most 107 bytes.
	dir, err := ownDir("npd")
	if err != nil {
		t.Fatal(err)
	}
	socket := "unix://" + dir + "/s"
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cgroup := groupOf(dir)
	dockerd := []string{"dockerd", "--data-root", dir + "/data", "--exec-root", dir + "/exec", "--pidfile", dir + "/pid",
		"--config-file", dir + "/daemon.json", "-H", socket, "--bridge=none", "--iptables=false", "--ip6tables=false",
		"--storage-driver", "overlay2", "--cgroup-parent=" + cgroup}
	if err := os.WriteFile(dir+"/daemon.json", []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var cmd *exec.Cmd
	start := func(place *os.File, words ...string) {
		cmd = exec.Command(words[0], slices.Concat(words[1:], dockerd)...)
		cmd.Stdout, cmd.Stderr = log, log
		if place != nil {
			cmd.ExtraFiles = []*os.File{place}
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	start(nil, "unshare", "--mount", "--propagation", "private", "sh", "-ec", `mount -t tmpfs tmpfs /run; exec "$@"`, "sh")
	p := &dockerPlace{deployment: d, own: []string{"docker"}, daemon: dir}
	d.env = append(d.env, "DOCKER_HOST="+socket, "DOCKER_CONFIG="+dir, "NIXPROC_DOCKER=docker")
	t.Cleanup(func() {
		if t.Failed() {
			if text, err := os.ReadFile(log.Name()); err == nil {
				t.Logf("the end of dockerd's log:\n%s", text[max(0, len(text)-3000):])
			}
		}
		p.removeAll()
		end(t, cmd)
		cleanUp(t, dir, cgroup)
	})
	answers := func() { eventually(t, "dockerd answers", func() bool { return p.docker("info").code == 0 }) }
	answers()
	place, err := os.Open(fmt.Sprintf("/proc/%d/ns/mnt", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { place.Close() })
	p.again = func() {
		cmd.Process.Kill()
		cmd.Wait()
		// It goes with dockerd; until somebody has buried it, a dockerd would wait
		// for it in vain.
		containerd, _ := strconv.Atoi(strings.TrimSpace(read(t, dir, "exec", "containerd", "containerd.pid")))
		eventually(t, "containerd is gone", func() bool { return syscall.Kill(containerd, 0) == syscall.ESRCH })
		start(place, "nsenter", "--mount=/proc/self/fd/3")
		answers()
	}
	return p
}

// newPodman gives a deployment whose podman keeps all that it has to itself: it
// runs where /run and /var/lib are empty.
func newPodman(t *testing.T) *dockerPlace {
	t.Helper()
	needsUnshare(t)
	needsRoot(t, "podman", "runc")
	dir, err := ownDir("npp")
	if err != nil {
		t.Fatal(err)
	}
	cgroup := groupOf(dir)
	t.Cleanup(func() { cleanUp(t, dir, cgroup) }) // after all processes have ended
	m := newMachine(t)
	for _, dir := range []string{"/run", "/var/lib"} {
		m.inside("mount", "-t", "tmpfs", "tmpfs", dir)
	}
	d := m.deployment
	// Hard limits of the machine may be below what podman asks for by itself.
	conf := "[containers]\ndefault_ulimits = [\"nofile=20000:20000\", \"nproc=4096:4096\"]\n" +
		"[engine]\ncgroup_manager=\"cgroupfs\"\nevents_logger=\"file\"\nruntime=\"runc\"\n"
	podman := fmt.Sprintf("#!/bin/sh\nexport CONTAINERS_CONF='%[1]s/conf'\n"+
		"case $1 in create) shift; set -- create --cgroup-parent=/%[2]s \"$@\" ;; esac\n"+
		"exec podman --root '%[1]s/root' --runroot '%[1]s/run' --tmpdir '%[1]s/tmp' --storage-driver overlay \"$@\"\n", dir, cgroup)
	for name, text := range map[string]string{"conf": conf, "podman": podman} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p := &dockerPlace{deployment: d, own: []string{"sh", "-c", m.enter() + ` "$@"`, "sh", filepath.Join(dir, "podman")}}
	d.env = append(d.env, "NIXPROC_DOCKER="+filepath.Join(dir, "podman"))
	t.Cleanup(p.removeAll)
	return p
}

// end ends a program with all that it started.
func end(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(patience):
		t.Errorf("dockerd did not end within %s", patience)
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // containerd, if it is left
}

// cleanUp leaves no mount, no cgroup and no file of a daemon.
func cleanUp(t *testing.T, dir, cgroup string) {
	t.Helper()
	if mounts := read(t, "/proc/self/mounts"); strings.Contains(mounts, dir) {
		t.Errorf("something is left mounted below %s:\n%s", dir, mounts)
	}
	// What has just ended may be in its cgroup for a moment.
	eventually(t, "that all cgroups are removed", func() bool { return removeGroups(cgroup) })
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// groupOf is the control group of what runs in a directory.
func groupOf(dir string) string { return "nixproc" + filepath.Base(dir) }

// removeGroups removes the control groups of a name, and says whether there were none.
func removeGroups(name string) bool {
	var groups []string
	for _, pattern := range []string{"/sys/fs/cgroup/*/*/*/", "/sys/fs/cgroup/*/", "/sys/fs/cgroup/"} {
		found, _ := filepath.Glob(pattern + name)
		groups = append(groups, found...)
	}
	for _, group := range groups {
		var below []string
		filepath.WalkDir(group, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				below = append(below, path)
			}
			return nil
		})
		for _, path := range slices.Backward(below) {
			os.Remove(path)
		}
	}
	return len(groups) == 0
}

func (p *dockerPlace) docker(words ...string) outcome {
	p.t.Helper()
	return p.program(p.own[0], append(slices.Clone(p.own[1:]), words...)...)
}

func (p *dockerPlace) removeAll() {
	p.t.Helper()
	if ids := strings.Fields(p.docker("ps", "-aq").stdout); len(ids) > 0 {
		if r := p.docker(append([]string{"rm", "-f"}, ids...)...); r.code != 0 {
			p.t.Errorf("containers are left: %s", r.stderr)
		}
	}
}

func (p *dockerPlace) switchTo(args ...string) outcome {
	p.t.Helper()
	return p.nixproc(append([]string{"docker-switch", "--state-dir", p.path("state"), "--host-packages"}, args...)...)
}

func (p *dockerPlace) mustSwitchTo(args ...string) outcome {
	p.t.Helper()
	r := p.switchTo(args...)
	if r.code != 0 {
		p.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

var runningContainer = regexp.MustCompile(`(?m)^/?nixproc-(\S+) true (\d+)$`)

// observe gives, by name, which processes run by docker and by /proc: pid and
// start time.
func (p *dockerPlace) observe() map[string]string {
	p.t.Helper()
	found := map[string]string{}
	ids := strings.Fields(p.docker("ps", "-q").stdout)
	if len(ids) == 0 {
		return found
	}
	said := p.docker(append([]string{"inspect", "--format", "{{.Name}} {{.State.Running}} {{.State.Pid}}"}, ids...)...).stdout
	for _, match := range runningContainer.FindAllStringSubmatch(said, -1) {
		stat, err := os.ReadFile("/proc/" + match[2] + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		found[match[1]] = match[2] + " since " + fields[19]
	}
	return found
}

func (p *dockerPlace) pid(name string) int {
	p.t.Helper()
	text, _, _ := strings.Cut(p.observe()[name], " ")
	pid, err := strconv.Atoi(text)
	if err != nil {
		p.t.Fatalf("%s does not run:\n%s", name, p.docker("ps", "-a").stdout)
	}
	return pid
}

// names of all containers, or tags of all images.
func (p *dockerPlace) list(words ...string) []string {
	p.t.Helper()
	lines := strings.Fields(p.docker(words...).stdout)
	slices.Sort(lines)
	return lines
}

// runsExactly checks that these processes run, and that docker has no other
// container and no other image.
func (p *dockerPlace) runsExactly(names ...string) map[string]string {
	p.t.Helper()
	o := p.observe()
	var containers, images []string
	for _, name := range slices.Sorted(slices.Values(names)) {
		containers, images = append(containers, "nixproc-"+name), append(images, name+":latest")
		if o[name] == "" {
			p.t.Errorf("%s does not run:\n%s", name, p.docker("ps", "-a").stdout)
		}
	}
	if got := p.list("ps", "-a", "--format", "{{.Names}}"); !slices.Equal(got, containers) {
		p.t.Errorf("the containers are %q, want %q", got, containers)
	}
	slices.Sort(images)
	got := p.list("images", "--format", "{{.Repository}}:{{.Tag}}")
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], "localhost/")
	}
	slices.Sort(got)
	if !slices.Equal(got, images) {
		p.t.Errorf("the images are %q, want %q", got, images)
	}
	return o
}

// instance gives docker as the tests see it that are the same for all managers.
func (p *dockerPlace) instance() *instance {
	return &instance{
		deployment: p.deployment,
		inside:     func(args ...string) outcome { return p.program(args[0], args[1:]...) },
		pid: func(name string) int {
			// What docker runs for a daemon is not the daemon.
			for _, dir := range []string{"run", "tmp"} {
				if inner, err := os.ReadFile(p.path("state", dir, name+".pid")); err == nil {
					return numberHere(p.t, strconv.Itoa(p.pid(name)), strings.TrimSpace(string(inner)))
				}
			}
			return p.pid(name)
		},
	}
}
