package deploy

import (
	"os"
	"path/filepath"
	"testing"

	"nixproc/lib/accounts"
	"nixproc/lib/profile"
)

// generation makes a profile for a manager and makes it generation n.
func generation(t *testing.T, p profile.Profile, n int, managerName string) string {
	t.Helper()
	dir := t.TempDir()
	if managerName != "" {
		text := `{"schema": 1, "manager": "` + managerName + `", "processes": []}`
		if err := os.WriteFile(filepath.Join(dir, "nixproc.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Create(n, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// One profile may hold the generations of several managers: each compares with
// its own.
func TestFindPreviousLooksOnlyAtItsOwnGenerations(t *testing.T) {
	t.Parallel()
	p := profile.Profile{Dir: t.TempDir(), Name: "processes"}
	target := Target{Profile: p, Manager: newMachine()}
	expect := func(path string, number int, other string) {
		t.Helper()
		got, err := target.FindPrevious()
		if err != nil || got != (Previous{Path: path, Generation: number, Other: other}) {
			t.Errorf("%+v, %v, want %s, %d, %q", got, err, path, number, other)
		}
	}
	expect("", 0, "")
	generation(t, p, 1, "supervisord")
	if err := p.Switch(1); err != nil {
		t.Fatal(err)
	}
	expect("", 0, "supervisord")
	ours := generation(t, p, 2, "test")
	if err := p.Switch(2); err != nil {
		t.Fatal(err)
	}
	expect(ours, 2, "")
	generation(t, p, 3, "supervisord")
	if err := p.Switch(3); err != nil {
		t.Fatal(err)
	}
	expect(ours, 2, "supervisord")
	// Nor is the generation its own predecessor while it is being made.
	generation(t, p, 4, "test")
	target.Making = 4
	expect(ours, 2, "supervisord")
	target.Making = 0
	if err := p.Remove(4); err != nil {
		t.Fatal(err)
	}
	nobodys := generation(t, p, 4, "")
	if err := p.Switch(4); err != nil {
		t.Fatal(err)
	}
	expect(nobodys, 4, "")
	// A generation whose store path was removed by force is passed over.
	if err := p.Create(5, filepath.Join(p.Dir, "gone")); err != nil {
		t.Fatal(err)
	}
	if generations, err := target.Generations(); err != nil || len(generations) != 2 {
		t.Errorf("%+v, %v, want the generations 2 and 4", generations, err)
	}
	target.Previous = "/given"
	expect("/given", 0, "")
}

// An account that another profile of the same directory needs is not removed.
func TestAccountsOfOtherProfilesAreKept(t *testing.T) {
	t.Parallel()
	p := profile.Profile{Dir: t.TempDir(), Name: "processes"}
	other := profile.Profile{Dir: p.Dir, Name: "others"}
	dir := generation(t, other, 1, "test")
	for _, file := range []string{"users/shared", "groups/shared"} {
		path := filepath.Join(dir, "dysnomia-support", file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Switch(1); err != nil {
		t.Fatal(err)
	}
	left, err := Target{Profile: p}.unneeded(accounts.Set{Users: []accounts.User{{Name: "own"}, {Name: "shared"}}, Groups: []accounts.Group{{Name: "shared"}}})
	if err != nil || len(left.Groups) != 0 || len(left.Users) != 1 || left.Users[0].Name != "own" {
		t.Errorf("%+v, %v", left, err)
	}
}
