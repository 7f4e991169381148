package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newOwnStore makes a store for one test, with settings of its own in nix.conf:
// for tests that collect garbage, or that need a sandbox or a daemon.
func newOwnStore(t *testing.T, settings ...string) *nixStore {
	t.Helper()
	shared := newStore(t)
	dir, err := ownDir("np")
	if err != nil {
		t.Fatal(err)
	}
	s := &nixStore{dir: dir}
	t.Cleanup(func() {
		if err := removeTree(s.dir); err != nil {
			t.Errorf("the store can't be removed: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	conf := strings.Join(append([]string{"build-users-group =", "substitute = false"}, settings...), "\n") + "\n"
	if err := os.Mkdir(filepath.Join(dir, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "etc/nix.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, variable := range shared.env {
		s.env = append(s.env, strings.ReplaceAll(variable, shared.dir, dir))
	}
	if _, err := s.nix(nil, "nix-store", "--init"); err != nil {
		t.Fatal(err)
	}
	return s
}

// newDeploymentIn is newDeployment with another store than the shared one.
func newDeploymentIn(t *testing.T, store *nixStore) *deployment {
	t.Helper()
	d := newDeployment(t)
	d.useStore(store)
	return d
}

func (d *deployment) useStore(store *nixStore) {
	d.store = store
	d.env = append(append([]string{}, store.env...), "NIX_USER_PROFILE_DIR="+d.path("profiles"))
}

// profile is the store path of the current generation.
func (d *deployment) currentProfile() string {
	d.t.Helper()
	path, err := filepath.EvalSymlinks(d.path("profiles", "processes"))
	if err != nil {
		d.t.Fatal(err)
	}
	return path
}

// binaryInStore is where the command keeps its copy of itself in the store.
func binaryInStore(t *testing.T, s *nixStore) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, "store", "*-nixproc"))
	if err != nil || len(found) != 1 {
		t.Fatalf("copies of the command in the store: %q (%v), want one", found, err)
	}
	return found[0]
}

// selfContained checks that no file of a profile mentions the profile's own
// path or the command's: either would restart everything at the next upgrade.
func selfContained(t *testing.T, s *nixStore, profile string) {
	t.Helper()
	for _, path := range []string{profile, binaryInStore(t, s)} {
		hash := strings.SplitN(filepath.Base(path), "-", 2)[0]
		out, err := exec.Command("grep", "-rlF", hash, profile).Output()
		if len(out) > 0 {
			t.Errorf("%s is mentioned in\n%s", path, out)
		} else if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 {
			t.Errorf("grep: %v", err)
		}
	}
}

// empty leaves nothing in the store.
func (s *nixStore) empty(t *testing.T) {
	t.Helper()
	conf := read(t, s.dir, "etc/nix.conf")
	if err := removeTree(s.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.dir, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "etc/nix.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.nix(nil, "nix-store", "--init"); err != nil {
		t.Fatal(err)
	}
}
