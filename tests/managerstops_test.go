package tests

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stoppable is a manager that can be stopped, or killed, in the middle of a switch.
type stoppable struct {
	*deployment
	name     string
	says     string // of a switch that it holds up
	pid      func() string
	switchTo func(args ...string) outcome
	runs     func(names ...string) map[string]string
}

// changing is a model of which one process is kept, one removed, one changed and
// one added from the first to the second.
var changing = [2]string{
	`rec { kept = runs "kept" { }; removed = runs "removed" { }; changed = runs "changed" { environment.IS = 1; }; }`,
	`rec { kept = runs "kept" { }; changed = runs "changed" { environment.IS = 2; }; added = runs "added" { dependencies = [ changed.pkg ]; }; }`,
}

// models are the two, of sleepers or, as containers need it, of something that
// heeds a signal.
func (s *stoppable) models() (one, two string) {
	s.t.Helper()
	beginning := "let runs = sleeper; in "
	if s.name == "docker" {
		beginning = "let " + obedient + " runs = obedient; in "
	}
	return s.model("one.nix", beginning+changing[0]), s.model("two.nix", beginning+changing[1])
}

// meanwhile sends a signal to the manager once the switch begins to start
// something.
func (s *stoppable) meanwhile(signal syscall.Signal) {
	s.t.Helper()
	pid, err := strconv.Atoi(s.pid())
	if err != nil {
		s.t.Fatal(err)
	}
	journal := s.path("profiles", ".processes.nixproc", s.name+".journal")
	go func() {
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if text, _ := os.ReadFile(journal); bytes.Contains(text, []byte(`"verb":"start"`)) {
				syscall.Kill(pid, signal)
				return
			}
		}
	}()
	if signal == syscall.SIGSTOP {
		s.t.Cleanup(func() { syscall.Kill(pid, syscall.SIGCONT) })
	}
}

// ends checks how a switch ends whose manager does not answer: soon, and with
// what is wrong and what repairs it.
func (s *stoppable) ends(two, says string) {
	s.t.Helper()
	begin := time.Now()
	r := s.switchTo("--timeout=2", two)
	took := time.Since(begin)
	if r.code != 2 || took > 40*time.Second || !strings.Contains(r.stderr, "failed to start: "+says) || !strings.Contains(r.stderr, "to repair it, run: ") {
		s.t.Errorf("after %s, exit code %d, and not %q\n%s%s", took, r.code, says, r.stdout, r.stderr)
	}
}

// P4, P6: a supervisord that is killed in the middle of a switch can't be asked,
// which is told. Its programs go on without it, and the next supervisord starts
// those that it has a file of once more: status says so, and the same switch makes
// all right, each running once. So it does where none was at work.
func TestManagerIsKilled(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	t.Cleanup(func() {
		for _, pid := range p.children() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	p.run()
	s := &stoppable{deployment: p.deployment, name: "supervisord", switchTo: p.switchTo, pid: func() string { return strings.TrimSpace(p.ctl("pid").stdout) }}
	one, two := s.models()
	p.mustSwitchTo(one)
	p.runsExactly("kept", "removed", "changed")
	s.meanwhile(syscall.SIGKILL)
	s.ends(two, "supervisord does not answer: ")
	if r := p.nixproc("status"); r.code != 1 || !strings.Contains(r.stderr, "supervisord can't be asked what it runs: start it") {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	kill := p.run()
	p.mustSwitchTo(two)
	p.once("kept", "changed", "added")
	if r := p.mustSwitchTo(two); !strings.Contains(r.stdout, "3 kept") {
		t.Errorf("a further switch does something:\n%s", r.stdout)
	}

	kill()
	p.run()
	eventually(t, "all run twice", func() bool { return len(p.children()) == 6 })
	if r := p.nixproc("status"); r.code != 1 || strings.Count(r.stdout, "and supervisord has lost it") != 3 {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := p.nixproc("status", "--json"); strings.Count(r.stdout, `"lost": "process `) != 3 {
		t.Errorf("status --json:\n%s", r.stdout)
	}
	p.mustSwitchTo(one)
	p.once("kept", "removed", "changed")
}

// P4, P6: a dockerd that is killed in the middle of a switch can't be asked, which
// is told. The next one ends the containers that it finds, and the same switch
// makes all right: no container has a process that docker does not know.
func TestDockerdIsKilled(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	s := &stoppable{deployment: p.deployment, name: "docker", switchTo: p.switchTo, pid: func() string { return strings.TrimSpace(read(t, p.daemon, "pid")) }}
	one, two := s.models()
	p.mustSwitchTo(one)
	s.meanwhile(syscall.SIGKILL)
	s.ends(two, "docker")
	if r := p.nixproc("status"); r.code != 1 || !strings.Contains(r.stderr, "docker can't be asked what it runs: start its daemon") {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	p.again()
	p.mustSwitchTo(two)
	p.runsExactly("kept", "changed", "added")
	if r := p.mustSwitchTo(two); !strings.Contains(r.stdout, "3 kept") {
		t.Errorf("a further switch does something:\n%s", r.stdout)
	}
	eventually(t, "three containers run", func() bool { return len(mentions(t, p.daemon+"/exec/containerd/containerd.sock")) == 3 })
}

// P4, P6: processes of s6-rc live on without their s6-svscan, and so do their
// supervisors. A switch that goes on without it says that, and what is wrong; with
// the next s6-svscan the same switch makes all right, each process running once.
func TestS6svscanIsKilled(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	t.Cleanup(func() { // supervisors that the next s6-svscan does not know have nothing to do, and stay
		for pid := range p.supervisors() {
			for _, child := range children(t, pid) {
				syscall.Kill(child, syscall.SIGKILL)
			}
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	p.run()
	scan := filepath.Join(p.state, "run/service")
	s := &stoppable{deployment: p.deployment, name: "s6-rc", switchTo: p.switchTo, pid: func() string {
		return strings.TrimSpace(p.program("pgrep", "-f", "^s6-svscan "+scan).stdout)
	}}
	one, two := s.models()
	p.mustSwitchTo(one)
	before := p.runsExactly("kept", "removed", "changed")
	s.meanwhile(syscall.SIGKILL)
	const nobody = "no s6-svscan is at work on "
	if r := p.switchTo(two); r.code != 2 || !strings.Contains(r.stderr, nobody) || !strings.Contains(r.stderr, "to repair it, run: ") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := p.nixproc("status"); r.code != 1 || !strings.Contains(r.stderr, nobody) {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	p.run()
	p.mustSwitchTo(two)
	after := p.runsExactly("kept", "changed", "added")
	kept(t, before, after, "kept")
	if r := p.mustSwitchTo(two); !strings.Contains(r.stdout, "3 kept") {
		t.Errorf("a further switch does something:\n%s", r.stdout)
	}
	if got, want := p.supervised(), []string{"added-srv", "changed-srv", "kept-srv"}; !slices.Equal(got, want) {
		t.Errorf("processes run of %q, want %q", got, want)
	}
	p.mustSwitchTo("--undeploy")
	if left := p.supervised(); len(left) > 0 {
		t.Errorf("processes run of %q", left)
	}
}

// supervised are the services of which a supervisor has a process, once for each,
// by the directories that supervisors are in; of s6-rc's own it has none.
func (p *s6rcPlace) supervised() []string {
	p.t.Helper()
	var services []string
	for pid, dir := range p.supervisors() {
		if strings.HasSuffix(dir, "-srv") {
			services = append(services, slices.Repeat([]string{filepath.Base(dir)}, len(children(p.t, pid)))...)
		}
	}
	slices.Sort(services)
	return services
}

// supervisors are those of any s6-svscan of this place, with their directories.
func (p *s6rcPlace) supervisors() map[int]string {
	found := map[int]string{}
	for _, line := range mentions(p.t, "s6-supervise\x00") {
		pid, _ := strconv.Atoi(strings.Split(line, "/")[2])
		dir, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
		if strings.HasPrefix(dir, p.live) {
			found[pid] = strings.TrimSuffix(dir, " (deleted)")
		}
	}
	return found
}

// once checks that these programs run, and that of each there is one process, by
// supervisord and by the kernel.
func (p *supervisordPlace) once(names ...string) {
	p.t.Helper()
	p.runsExactly(names...)
	if all := p.children(); len(all) != len(names) {
		p.t.Errorf("%d processes run: %d", len(all), all)
	}
}

// children are what any supervisord of this place has started, by the address
// that it tells them.
func (p *supervisordPlace) children() []int {
	p.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		p.t.Fatal(err)
	}
	var found []int
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "SUPERVISOR_SERVER_URL=unix://"+p.sockets+"/") {
			pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
			found = append(found, pid)
		}
	}
	return found
}

// P6, P12: a manager that is stopped in the middle of a switch holds it up for as
// long as --timeout says. What is not as before is told, and when the manager is
// back, the same switch makes it right.
func TestManagerIsStopped(t *testing.T) {
	t.Parallel()
	for name, begin := range stoppables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.name = name
			one, two := s.models()
			if r := s.switchTo(one); r.code != 0 {
				t.Fatalf("exit code %d\n%s", r.code, r.stderr)
			}
			before := s.runs("kept", "removed", "changed")
			s.meanwhile(syscall.SIGSTOP)
			s.ends(two, s.says)
			pid, _ := strconv.Atoi(s.pid())
			syscall.Kill(pid, syscall.SIGCONT)
			if r := s.switchTo(two); r.code != 0 {
				t.Errorf("the next one: exit code %d\n%s", r.code, r.stderr)
			}
			kept(t, before, s.runs("kept", "changed", "added"), "kept")
		})
	}
}

var stoppables = map[string]func(t *testing.T) *stoppable{
	"supervisord": func(t *testing.T) *stoppable {
		p := newSupervisord(t)
		p.run()
		pid := strings.TrimSpace(p.ctl("pid").stdout)
		return &stoppable{deployment: p.deployment, says: "supervisord does not answer: not within 2s",
			switchTo: p.switchTo, runs: p.runsExactly, pid: func() string { return pid }}
	},
	"docker": func(t *testing.T) *stoppable {
		p := newDocker(t)
		data := strings.TrimPrefix(p.env[slices.IndexFunc(p.env, func(v string) bool { return strings.HasPrefix(v, "DOCKER_CONFIG=") })], "DOCKER_CONFIG=")
		return &stoppable{deployment: p.deployment, says: "docker", switchTo: p.switchTo, runs: p.runsExactly,
			pid: func() string { return strings.TrimSpace(read(t, data, "pid")) }}
	},
}
