package systemd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/run/runtest"
)

// installation is a directory of unit files, and a profile with one unit.
func installation(t *testing.T) (m *Manager, fake *runtest.Fake, unit manager.Unit) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a folder")
	unit = unitOf("a")
	unit.File = filepath.Join(dir, "profile", Directory, "nix-process-a.service")
	unit.Installs = []string{unit.File}
	if err := os.MkdirAll(filepath.Dir(unit.File), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(unit.File, []byte("[Service]\nExecStart=/bin/a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	fake = runtest.New(t)
	return &Manager{Runner: fake, Dir: filepath.Join(dir, "units"), Profile: filepath.Join(dir, "profile"), Store: "/nix/store"}, fake, unit
}

// Files are copied once; systemd reads them only when one has changed; what goes
// leaves nothing.
func TestInstall(t *testing.T) {
	m, fake, unit := installation(t)
	units := []manager.Unit{unit}
	fake.Expect("systemctl", "daemon-reload")
	for range 3 { // the second and the third change nothing
		if err := m.Install(t.Context(), nil, units); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(m.Dir, "nix-process-a.service"))
	want := m.place().Begin + m.Profile + "\n[Service]\nExecStart=/bin/a\n\n[Unit]\nRequiresMountsFor=/nix/store\n"
	if err != nil || string(text) != want {
		t.Errorf("%v %q, want %q", err, text, want)
	}
	text, err = os.ReadFile(filepath.Join(m.Dir, "multi-user.target.wants", "nixproc-profile.target"))
	if err != nil || !strings.Contains(string(text), "\nWants=nix-process-a.service\n") {
		t.Errorf("the target is %q, %v", text, err)
	}

	m.stale.Store(true) // an earlier run was killed before systemd read all
	fake.Expect("systemctl", "daemon-reload")
	if err := m.Install(t.Context(), nil, units); err != nil {
		t.Fatal(err)
	}

	fake.Expect("systemctl", "stop", "--", "nixproc-profile.target")
	fake.Expect("systemctl", "reset-failed", "--", "nix-process-a.service").Fail(1, "not loaded")
	fake.Expect("systemctl", "daemon-reload")
	if err := m.Install(t.Context(), units, nil); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(m.Dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
	if err := m.Install(t.Context(), nil, nil); err != nil {
		t.Error(err)
	}
}

// Whatever is in the way is an error before anything is written.
func TestInstallInTheWay(t *testing.T) {
	for what, put := range map[string]func(path string) error{
		"a file":      func(path string) error { return os.WriteFile(path, []byte("[Service]\n"), 0o644) },
		"a directory": func(path string) error { return os.Mkdir(path, 0o755) },
		"a link":      func(path string) error { return os.Symlink("/etc/passwd", path) },
	} {
		for _, name := range []string{"nix-process-a.service", "nixproc-profile.target", "multi-user.target.wants/nixproc-profile.target"} {
			m, _, unit := installation(t)
			if err := os.MkdirAll(filepath.Dir(filepath.Join(m.Dir, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := put(filepath.Join(m.Dir, name)); err != nil {
				t.Fatal(err)
			}
			err := m.Install(t.Context(), nil, []manager.Unit{unit})
			if err == nil || !strings.Contains(err.Error(), name+" is in the way") {
				t.Errorf("%s: %v", what, err)
			}
			if left, _ := os.ReadDir(m.Dir); len(left) != 1 {
				t.Errorf("%s: the directory has %v", what, left)
			}
		}
	}
}

func TestTargetName(t *testing.T) {
	for profile, want := range map[string]string{
		"/p/processes": "nixproc.target", "/p/web-apps": `nixproc-web\x2dapps.target`, "/p/a b/é": `nixproc-\xc3\xa9.target`,
	} {
		if got := (&Manager{Profile: profile}).target(); got != want {
			t.Errorf("%s: %s, want %s", profile, got, want)
		}
	}
}
