package cygrunsrv

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/run/runtest"
)

// In the form that cygrunsrv prints, shortened.
const list = `Service             : nix-process-up
Display name        : Up and running
Current State       : Running
Controls Accepted   : Stop
Command             : /bin/up -x
stdin path          : /dev/null
Startup             : Automatic

Service             : nix-process-down
Current State       : Stopped
Command             : /bin/down

Service             : sshd
Current State       : Start Pending
Command             : /usr/sbin/sshd -D

`

const missing = "cygrunsrv: Error querying a service: OpenService:  Win32 error 1060:\nThe specified service does not exist as an installed service.\n"

func unit(t *testing.T, name, params string) manager.Unit {
	t.Helper()
	file := filepath.Join(t.TempDir(), Prefix+name+Suffix)
	if err := os.WriteFile(file, []byte(params), 0o644); err != nil {
		t.Fatal(err)
	}
	return manager.Unit{Name: name, File: file, Own: Unit{Service: Prefix + name}, Log: filepath.Join(filepath.Dir(file), "log")}
}

// One call tells of all units.
func TestStatus(t *testing.T) {
	t.Parallel()
	f := runtest.New(t)
	m := Manager{Runner: f}
	f.Expect("cygrunsrv", "--list", "--verbose").Print(strings.ReplaceAll(list, "\n", "\r\n"))
	states, err := m.Status(t.Context(), []manager.Unit{unit(t, "up", ""), unit(t, "down", ""), unit(t, "gone", "")})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]manager.State{
		"up":   {Condition: manager.Running},
		"down": {Condition: manager.Stopped, Detail: "Stopped"},
		"gone": {Condition: manager.Stopped, Detail: "it is not installed"},
	} {
		if got := states[name]; got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// The exact argument lists (D9).
func TestStart(t *testing.T) {
	t.Parallel()
	f := runtest.New(t)
	m := Manager{Runner: f}
	app := unit(t, "app", "--path\n/bin/my app\n--args\n-x 'a b'\n--env\nA=\n--shutdown\n")
	f.Expect("cygrunsrv", "--query", "nix-process-app").Fail(1, missing)
	f.Expect("cygrunsrv", "--install", "nix-process-app", "--path", "/bin/my app", "--args", "-x 'a b'", "--env", "A=", "--shutdown")
	f.Expect("cygrunsrv", "--start", "nix-process-app")
	if err := m.Start(t.Context(), app); err != nil {
		t.Error(err)
	}

	f.Expect("cygrunsrv", "--query", "nix-process-app").Print(list)
	f.Expect("cygrunsrv", "--stop", "nix-process-app")
	f.Expect("cygrunsrv", "--remove", "nix-process-app")
	f.Expect("cygrunsrv", "--install", "nix-process-app", "--path", "/bin/my app", "--args", "-x 'a b'", "--env", "A=", "--shutdown")
	f.Expect("cygrunsrv", "--start", "nix-process-app").Fail(1, "cygrunsrv: Error starting a service: QueryServiceStatus:  Win32 error 1062:\nThe service has not been started.\n")
	if err := os.WriteFile(app.Log, []byte("first\nno luck\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := m.Start(t.Context(), app); err == nil || !strings.Contains(err.Error(), "Win32 error 1062") || !strings.HasSuffix(err.Error(), ":\n  first\n  no luck") {
		t.Error(err)
	}
	got := slices.Sorted(slices.Values(f.Lines()))
	if len(got) != 8 {
		t.Errorf("the calls are %q", f.Lines())
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	f := runtest.New(t)
	m := Manager{Runner: f}
	app := unit(t, "app", "")
	f.Expect("cygrunsrv", "--query", "nix-process-app").Fail(1, missing)
	if err := m.Stop(t.Context(), app); err != nil {
		t.Error(err)
	}
	f.Expect("cygrunsrv", "--query", "nix-process-app").Print(list)
	f.Expect("cygrunsrv", "--stop", "nix-process-app").Fail(1, "cygrunsrv: Error stopping a service: ControlService:  Win32 error 1051:\n")
	if err := m.Stop(t.Context(), app); err == nil || !strings.Contains(err.Error(), "1051") {
		t.Error(err)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	given := []string{"--path", "/a b", "--args", "'x y' \t", "--env", "A=", "--env", "B='b'", "--shutdown"}
	content, err := Lines(given)
	if err != nil || !slices.Equal(Parameters(content), given) {
		t.Errorf("%q, %v", content, err)
	}
	for _, bad := range []string{"a\nb", "a\x00"} {
		if content, err := Lines([]string{"--path", bad}); err == nil {
			t.Errorf("%q is written as %q", bad, content)
		}
	}
	if got := Parameters(nil); len(got) > 0 {
		t.Errorf("nothing gives %q", got)
	}
}

// A service means the same however its parameters are quoted and ordered; all
// else makes it another one.
func TestKey(t *testing.T) {
	t.Parallel()
	key := func(params string) string {
		k, err := Key([]byte(params))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	usual := key("--path\n/a\n--args\n-x it's\n--env\nA=it's\n--env\nB=1\n--shutdown\n")
	if key("--path\n/a\n--args\n'-x'   \"it's\"\n--env\n'B=1'\n--env\n'A=it\\'s'\n--shutdown\n") != usual {
		t.Error("the quotes of the older framework change the key")
	}
	for _, other := range []string{
		"--path\n/b\n--args\n-x it's\n--env\nA=it's\n--env\nB=1\n--shutdown\n",
		"--path\n/a\n--args\n-xit's\n--env\nA=it's\n--env\nB=1\n--shutdown\n",
		"--path\n/a\n--args\n-x it's\n--env\nA=it's\n--env\nB=2\n--shutdown\n",
		"--path\n/a\n--args\n-x it's\n--env\nA=it's\n--env\nB=1\n",
		"--path\n/a\n--args\n-x it's\n--env\nA=it's\n--env\nB=1\n--shutdown\n--dep\nx\n",
	} {
		if key(other) == usual {
			t.Errorf("the same key: %q", other)
		}
	}
}

// What the framework before this left.
func TestScan(t *testing.T) {
	t.Parallel()
	tree := t.TempDir()
	for name, text := range map[string]string{
		"nix-process-a-cygrunsrvparams": "--path\n/a\n--disp\nnix-process-a\n--stderr\n/log\n",
		"b-cygrunsrvparams":             "--path\n/b\n--type\nmanual\n--dep\nnix-process-c\n--dep\ntcpip\n",
		"nix-process-c-cygrunsrvparams": "--path\n/c\n--dep\nnix-process-a\n",
		"note":                          "",
	} {
		if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	units, err := Manager{}.Units(tree)
	if err != nil || len(units) != 3 || units[0].Name != "b" || units[1].Name != "a" {
		t.Fatalf("%+v, %v", units, err)
	}
	for i, rank := range []int{2, 0, 1} { // b, a, c
		if units[i].Rank != rank {
			t.Errorf("%s has the rank %d, want %d", units[i].Name, units[i].Rank, rank)
		}
	}
	if !slices.Equal(units[0].Requires, []string{"c"}) {
		t.Errorf("b requires %q", units[0].Requires)
	}
	if units[1].Log != "/log" || units[0].Log != "/var/log/b.log" || own(units[1]).Service != "nix-process-a" || units[1].File != filepath.Join(tree, "nix-process-a-cygrunsrvparams") {
		t.Errorf("%+v", units)
	}
}
