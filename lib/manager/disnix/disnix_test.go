package disnix

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/manifestxml"
	"nixproc/lib/run"
	"nixproc/lib/run/runtest"
)

// place is a directory with the packages and manifests of a test.
type place struct {
	t   *testing.T
	dir string
}

func (p place) file(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// pkg is a package of a process, whose pid file lies beside it.
func (p place) pkg(name string) string {
	p.file("x-"+name+"/etc/dysnomia/process/"+name, fmt.Sprintf("process=/bin/%s\npidFile='%s'\nIFS=\nset -f\n", name, p.pidFile(name)))
	return filepath.Join(p.dir, "x-"+name)
}

func (p place) pidFile(name string) string { return filepath.Join(p.dir, "a dir", name+".pid") }

// manifest has services that each depend on the one before; of a name with "="
// the rest is that of the package.
func (p place) manifest(file string, names ...string) string {
	m := manifestxml.Manifest{System: "s", ClientInterface: "c"}
	var before []string
	for _, name := range names {
		name, pkg, given := strings.Cut(name, "=")
		if !given {
			pkg = name
		}
		one := manifestxml.Service{Name: name, Package: p.pkg(pkg), Type: "process", DependsOn: before, Active: true}
		one.Key = manifestxml.KeyOf(one.Name, one.Type, one.Package, one.DependsOn)
		m.Services = append(m.Services, one)
		before = []string{one.Key}
	}
	return p.file(file, string(m.Encode()))
}

func newPlace(t *testing.T) place {
	p := place{t, filepath.Join(t.TempDir(), "a folder")}
	p.file("a dir/x", "")
	return p
}

func TestUnitsOfOlderManifests(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	units, err := Manager{}.Units(p.manifest("m.xml", "base", "top"))
	if err != nil || len(units) != 2 {
		t.Fatalf("%+v, %v", units, err)
	}
	for _, u := range units {
		if u.PIDFile != p.pidFile(u.Name) || !u.PIDFileCertain || !u.Wanted || len(u.Key) != 64 {
			t.Errorf("%+v", u)
		}
		if want := map[string]int{"base": 0, "top": 1}[u.Name]; u.Rank != want {
			t.Errorf("the rank of %s is %d", u.Name, u.Rank)
		}
	}
	// Without a file, Dysnomia goes by the only program.
	p.file("x-bare/bin/server", "")
	what, err := properties(filepath.Join(p.dir, "x-bare"))
	if err != nil || what.pidFile != "/var/run/server.pid" || what.named {
		t.Errorf("%+v, %v", what, err)
	}
	text, _ := os.ReadFile(p.manifest("m.xml", "base"))
	other := p.file("other.xml", strings.Replace(string(text), "<type>process</type>", "<type>echo</type>", 1))
	if _, err := (Manager{}).Units(other); err == nil || !strings.Contains(err.Error(), "is of type echo") {
		t.Errorf("a service that is no process: %v", err)
	}
}

// sleeper runs a process whose pid file is that of a unit.
func (p place) sleeper(name string) int {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); cmd.Wait() }()
	p.t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	p.file("a dir/"+name+".pid", fmt.Sprintln(cmd.Process.Pid))
	return cmd.Process.Pid
}

func TestStopWaits(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	m := Manager{Runner: runtest.New(t)}
	units, err := m.Units(p.manifest("m.xml", "a"))
	if err != nil {
		t.Fatal(err)
	}
	pid := p.sleeper("a")
	states, err := m.Status(context.Background(), units)
	if err != nil || states["a"].Condition != manager.Running || states["a"].PID != pid {
		t.Errorf("%+v, %v", states, err)
	}
	if err := m.Start(context.Background(), units[0]); err != nil {
		t.Errorf("to start what runs: %v", err)
	}
	for range 2 { // what does not run is stopped, too
		if err := m.Stop(context.Background(), units[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(units[0].PIDFile); !os.IsNotExist(err) {
			t.Errorf("the pid file: %v", err)
		}
	}
	if states, _ := m.Status(context.Background(), units); states["a"].Condition != manager.Stopped {
		t.Errorf("%+v", states)
	}
}

func TestStartActivates(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	fake := runtest.New(t)
	m := Manager{Runner: fake}
	units, err := m.Units(p.manifest("m.xml", "a"))
	if err != nil {
		t.Fatal(err)
	}
	p.file("a dir/a.pid", "4194300\n")
	fake.Expect("dysnomia", "--type", "process", "--operation", "activate", "--component", filepath.Join(p.dir, "x-a"), "--container", "process", "--environment").
		Do(func(context.Context, run.Command) (run.Result, error) {
			if _, err := os.Lstat(p.pidFile("a")); err == nil {
				t.Error("Dysnomia would take the stale pid file for a process that runs")
			}
			p.sleeper("a")
			return run.Result{}, nil
		})
	if err := m.Start(context.Background(), units[0]); err != nil {
		t.Error(err)
	}
	want := "dysnomia --type process --operation deactivate --component '" + filepath.Join(p.dir, "x-a") + "' --container process --environment"
	if got := m.Command("stop", units[0]); got != want {
		t.Errorf("the command is %s", got)
	}
}

// Disnix is given the manifest that was deployed, without what has to start
// although both manifests have it.
func TestMove(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	old, new := p.manifest("old.xml", "a", "b"), p.manifest("new.xml", "a", "b", "c")
	units, err := Manager{}.Units(new)
	if err != nil {
		t.Fatal(err)
	}
	start := func(names ...string) []manager.Unit {
		var found []manager.Unit
		for _, u := range units {
			if strings.Contains(strings.Join(names, " "), u.Name) {
				found = append(found, u)
			}
		}
		return found
	}
	moves := func(m Manager, old, new string, start []manager.Unit, args ...string) {
		t.Helper()
		fake := runtest.New(t)
		fake.Expect(args...).Do(func(context.Context, run.Command) (run.Result, error) {
			for _, u := range start {
				p.sleeper(u.Name)
			}
			return run.Result{}, nil
		})
		m.Runner = fake
		if err := m.Move(context.Background(), old, new, start); err != nil {
			t.Error(err)
		}
	}
	usual := Manager{Profile: DefaultProfile, Coordinator: filepath.Join(p.dir, "coordinator"), Own: true}
	moves(usual, "", new, start("a", "b", "c"), "disnix-deploy", new)
	moves(usual, old, new, start("c"), "disnix-deploy", "-o", old, new)
	moves(Manager{Profile: "other", Coordinator: "/c d"}, old, new, start("c"), "disnix-deploy", "-p", "other", "--coordinator-profile-path", "/c d", "-o", old, new)

	// One that died is missing from what Disnix compares with.
	fake := runtest.New(t)
	fake.ExpectFunc("disnix-deploy", func(c run.Command) bool { return len(c.Args) == 4 && c.Args[2] != old }).Do(func(_ context.Context, c run.Command) (run.Result, error) {
		m, err := manifestxml.Read(c.Args[2])
		if err != nil || len(m.Services) != 2 || m.Services[0].Active == m.Services[1].Active {
			t.Errorf("it is compared with %+v, %v", m, err)
		}
		return run.Result{}, nil
	})
	usual.Runner = fake
	if err := usual.Move(context.Background(), old, new, start("b")); err != nil {
		t.Error(err)
	}

	// Disnix would compare with its own profile, if it had no other.
	p.file("coordinator/default", "")
	fake = runtest.New(t)
	fake.ExpectFunc("disnix-deploy", func(c run.Command) bool { return len(c.Args) == 4 }).Do(func(_ context.Context, c run.Command) (run.Result, error) {
		if m, err := manifestxml.Read(c.Args[2]); err != nil || len(m.Services) != 0 {
			t.Errorf("it is compared with %+v, %v", m, err)
		}
		return run.Result{}, nil
	})
	usual.Runner = fake
	if err := usual.Move(context.Background(), "", new, nil); err != nil {
		t.Error(err)
	}

	// To nothing.
	fake = runtest.New(t)
	fake.ExpectFunc("nix-store", func(c run.Command) bool { return c.Args[0] == "nix-store" && c.Args[1] == "--add" }).Print("/store/manifest.xml\n")
	fake.Expect("disnix-deploy", "-o", old, "/store/manifest.xml")
	usual.Runner = fake
	if err := usual.Move(context.Background(), old, "", nil); err != nil {
		t.Error(err)
	}
}

// What Disnix said of a service is said of the process.
func TestMoveExplains(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	old, new := p.manifest("old.xml", "a"), p.manifest("new.xml", "a", "b")
	m, err := manifestxml.Read(new)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, service := range m.Services {
		keys[service.Name] = service.Key
	}
	for text, want := range map[string]string{
		"[target: localhost]: Activation failed of service: " + keys["b"] + "\n":   "process 'b': activation failed: disnix-deploy -o ",
		"[target: localhost]: Deactivation failed of service: " + keys["a"] + "\n": "process 'a': deactivation failed: ",
		"Cannot exclusively open the lock file!\n":                                 "another deployment of Disnix is at work, or one was killed: disnix-deploy",
		"no luck\n": "disnix-deploy -o ",
	} {
		fake := runtest.New(t)
		fake.Expect("disnix-deploy", "-o", old, new).Fail(1, text)
		err := Manager{Runner: fake, Profile: DefaultProfile, Own: true}.Move(context.Background(), old, new, nil)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), strings.TrimSpace(text)) {
			t.Errorf("the error is %v, want %q", err, want)
		}
		if failed, ok := errors.AsType[*run.Error](err); !ok || failed.Code != 1 {
			t.Errorf("%v does not say how it failed", err)
		}
	}
}

// Without Dysnomia, what a package says is run by the same rules.
func TestDirect(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	fake := runtest.New(t)
	logs := filepath.Join(p.dir, "logs")
	p.file("logs/x", "")
	m := Direct{Runner: fake, LogDir: func() string { return logs }}
	units, err := m.Units(p.manifest("m.xml", "a", "b", "c", "gone"))
	if err != nil {
		t.Fatal(err)
	}
	unit := map[string]manager.Unit{}
	for _, u := range units {
		unit[u.Name] = u
	}
	starts := func(name string, args ...string) {
		t.Helper()
		fake.ExpectFunc(name, func(c run.Command) bool {
			return slices.Equal(c.Args, args) && c.Log == filepath.Join(logs, "nixproc-"+name+".log")
		}).Do(func(context.Context, run.Command) (run.Result, error) {
			if _, err := os.Lstat(p.pidFile(name)); err == nil {
				t.Error("a daemon would take the stale pid file for a process that runs")
			}
			p.sleeper(name)
			return run.Result{}, nil
		})
		p.file("a dir/"+name+".pid", "4194300\n")
		for range 2 { // the second time it runs already
			if err := m.Start(context.Background(), unit[name]); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := m.Stop(context.Background(), unit[name]); err != nil {
			t.Error(err)
		}
	}
	starts("a", "/bin/a") // its file says that blanks belong to the word
	p.file("x-b/etc/dysnomia/process/b", fmt.Sprintf("process='/bin/b -D'\npidFile='%s'\n", p.pidFile("b")))
	starts("b", "/bin/b", "-D")
	p.file("x-c/etc/dysnomia/process/c", fmt.Sprintf("pidFile='%s'\n", p.pidFile("c")))
	p.file("x-c/bin/server", "")
	starts("c", filepath.Join(p.dir, "x-c/bin/server"))

	// It said that it had started, and nobody is there.
	fake.Expect("/bin/gone")
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := m.Start(ctx, unit["gone"]); err == nil {
		t.Error("what nobody sees counts as started")
	}
}
