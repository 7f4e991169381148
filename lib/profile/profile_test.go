package profile

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const store = "/nix/store/"

// newProfile makes a profile with these generations, in a directory whose
// name needs quotes, and moves it to one of them (0: to none).
func newProfile(t *testing.T, current int, numbers ...int) Profile {
	t.Helper()
	p := Profile{Dir: filepath.Join(t.TempDir(), "a b", "profiles"), Name: "processes"}
	for _, n := range numbers {
		if err := p.Create(n, fmt.Sprintf("%sgen-%d", store, n)); err != nil {
			t.Fatal(err)
		}
	}
	if current != 0 {
		if err := p.Switch(current); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func numbers(t *testing.T, p Profile) []int {
	t.Helper()
	list, err := p.Generations()
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, g := range list {
		all = append(all, g.Number)
	}
	return all
}

func at(t *testing.T, p Profile) int {
	t.Helper()
	g, ok, err := p.Current()
	if err != nil || ok != (g.Number != 0) {
		t.Fatalf("got %+v, %v, %v", g, ok, err)
	}
	return g.Number
}

func TestGenerations(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 2, 10, 2, 9)
	list, err := p.Generations()
	if err != nil || len(list) != 3 {
		t.Fatalf("got %+v, %v", list, err)
	}
	for i, n := range []int{2, 9, 10} {
		g := list[i]
		if g.Number != n || g.Path != fmt.Sprintf("%sgen-%d", store, n) || g.Current != (n == 2) || g.Created.IsZero() {
			t.Errorf("got %+v", g)
		}
	}
	if to, _ := os.Readlink(p.Path()); to != "processes-2-link" {
		t.Errorf("the profile is a link to %s, nix-env writes a relative one", to)
	}
	if next, err := p.Next(); next != 11 || err != nil {
		t.Errorf("got %d, %v", next, err)
	}
}

func TestNoProfileYet(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 0)
	next, err := p.Next()
	if numbers(t, p) != nil || at(t, p) != 0 || next != 1 || err != nil {
		t.Errorf("got %v, %d, %v", numbers(t, p), next, err)
	}
	if deleted, err := p.DeleteAll(); len(deleted) != 0 || err != nil {
		t.Errorf("got %v, %v", deleted, err)
	}
	if _, err := os.Stat(p.Dir); err == nil {
		t.Error("reading made the directory")
	}
}

// D27: generations of processes-b are not those of processes.
func TestOtherProfilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 2, 1, 2)
	b := Profile{Dir: p.Dir, Name: "processes-b"}
	for n := range 3 {
		if err := b.Create(n+1, store+"b"); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"processes-01-link", "processes-+2-link", "processes-0-link", "processes-4-link.tmp", "processes-x-link", "processes--5-link", "processes-link", "processes.lock"} {
		if err := os.Symlink(store+"x", filepath.Join(p.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if got := numbers(t, p); !reflect.DeepEqual(got, []int{1, 2}) {
		t.Errorf("got %v", got)
	}
	if g, ok, err := p.Before(2); g.Number != 1 || !ok || err != nil {
		t.Errorf("got %+v, %v, %v", g, ok, err)
	}
	if deleted, err := p.DeleteAll(); !reflect.DeepEqual(deleted, []int{1, 2}) || err != nil {
		t.Errorf("got %v, %v", deleted, err)
	}
	if got := numbers(t, b); len(got) != 3 {
		t.Errorf("the other profile has %v left", got)
	}
}

// P14, D7: rollback can be repeated down to the oldest generation.
func TestBefore(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 9, 2, 5, 9, 12)
	for _, want := range []int{5, 2, 0} {
		g, ok, err := p.Before(at(t, p))
		if err != nil || g.Number != want || ok != (want != 0) {
			t.Fatalf("got %+v, %v, %v, want %d", g, ok, err, want)
		}
		if ok {
			if err := p.Switch(g.Number); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := numbers(t, p); len(got) != 4 {
		t.Errorf("a rollback renumbered or removed something: %v", got)
	}
}

func TestNotAProfile(t *testing.T) {
	t.Parallel()
	for what, make := range map[string]func(string) error{
		"it is a directory":             func(path string) error { return os.Mkdir(path, 0o755) },
		"it is a file":                  func(path string) error { return os.WriteFile(path, nil, 0o644) },
		"it is a link to /nix/store/x,": func(path string) error { return os.Symlink("/nix/store/x", path) },
		"it is a link to processes-b-1-link": func(path string) error {
			return os.Symlink("processes-b-1-link", path)
		},
		"it is a link to ../processes-1-link": func(path string) error {
			return os.Symlink("../processes-1-link", path)
		},
	} {
		p := newProfile(t, 0, 1)
		if err := make(p.Path()); err != nil {
			t.Fatal(err)
		}
		_, currentErr := p.Generations()
		_, _, err := p.Current()
		_, nextErr := p.Next()
		_, deleteErr := p.Delete("old", fixedNow)
		_, deleteAllErr := p.DeleteAll()
		for _, err := range []error{currentErr, err, nextErr, p.Switch(1), p.Remove(1), deleteErr, deleteAllErr} {
			if err == nil || !strings.Contains(err.Error(), p.Path()+" is not a profile: "+what) {
				t.Errorf("%s: got %v", what, err)
			}
		}
		if _, err := os.Lstat(p.Path()); err != nil {
			t.Errorf("%s: what stood there is gone: %v", what, err)
		}
		if _, err := os.Lstat(p.Link(1)); err != nil {
			t.Errorf("%s: generation 1 is gone: %v", what, err)
		}
	}
}

func TestGenerationThatIsNoLink(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 1, 1)
	if err := os.Mkdir(p.Link(2), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Generations(); err == nil || !strings.Contains(err.Error(), "is not a generation: it is a directory") {
		t.Errorf("got %v", err)
	}
	if err := p.Remove(2); err == nil {
		t.Error("a directory was taken for a generation")
	}
}

// A link in the profile's directory may be absolute, as other tools make it.
func TestAbsoluteLink(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 0, 1, 2)
	if err := os.Symlink(p.Link(2), p.Path()); err != nil {
		t.Fatal(err)
	}
	if got := at(t, p); got != 2 {
		t.Errorf("got %d", got)
	}
}

func TestLostCurrentGeneration(t *testing.T) {
	t.Parallel()
	p := newProfile(t, 3, 1, 2, 3)
	if err := os.Remove(p.Link(3)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Current(); err == nil || !strings.Contains(err.Error(), "generation 3, which is gone") {
		t.Errorf("got %v", err)
	}
	if deleted, err := p.Delete("old", fixedNow); err == nil || len(deleted) != 0 || len(numbers(t, p)) != 2 {
		t.Errorf("got %v, %v", deleted, err)
	}
	if next, err := p.Next(); next != 4 || err != nil {
		t.Errorf("the number of a lost generation is used again: %d, %v", next, err)
	}
	if err := p.Switch(2); err != nil || at(t, p) != 2 {
		t.Errorf("it cannot be repaired: %v", err)
	}
}
