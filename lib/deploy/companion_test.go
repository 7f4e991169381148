package deploy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/profile"
)

// companions is a target with two generations, at the first, and a companion
// that is to change along with the second.
func companions(t *testing.T, existed bool) Target {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a folder")
	target := Target{Profile: profile.Profile{Dir: filepath.Join(dir, "profiles"), Name: "p"}}
	for n := 1; n <= 2; n++ {
		path := filepath.Join(dir, fmt.Sprint("generation", n))
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := target.Profile.Create(n, path); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(target.Profile.Switch(1), os.MkdirAll(target.Profile.WorkDir(), 0o755)); err != nil {
		t.Fatal(err)
	}
	target.Companion = &Companion{Path: filepath.Join(dir, "ids.nix"), Existed: existed, After: []byte("after")}
	if existed {
		target.Companion.Before = []byte("before")
		put(t, target, "before")
	}
	return target
}

func put(t *testing.T, target Target, text string) {
	t.Helper()
	if err := os.WriteFile(target.Companion.Path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// agrees checks that the file is as the generation wants it.
func agrees(t *testing.T, target Target, generation int, want string) {
	t.Helper()
	current, _, err := target.Profile.Current()
	data, _ := os.ReadFile(target.Companion.Path)
	if err != nil || current.Number != generation || string(data) != want {
		t.Errorf("the profile is at generation %d (%v), the file has %q; want %d and %q", current.Number, err, data, generation, want)
	}
	if target.Unsettled() {
		t.Error("it counts as unsettled")
	}
}

func TestCommitMovesBoth(t *testing.T) {
	for _, existed := range []bool{true, false} {
		target := companions(t, existed)
		if err := target.Commit(2); err != nil {
			t.Fatal(err)
		}
		agrees(t, target, 2, "after")
	}
	// Where the generation is there already, the file changes alone.
	target := companions(t, true)
	if err := target.Commit(1); err != nil {
		t.Fatal(err)
	}
	agrees(t, target, 1, "after")
	// And without a companion, the profile.
	target.Companion = nil
	if err := target.Commit(2); err != nil {
		t.Fatal(err)
	}
	if current, _, err := target.Profile.Current(); err != nil || current.Number != 2 {
		t.Errorf("the profile is at %d (%v)", current.Number, err)
	}
}

// If the profile can't move, the file is as it was; and the other way round.
func TestCommitMovesNeither(t *testing.T) {
	for _, existed := range []bool{true, false} {
		target := companions(t, existed)
		// A directory that is not empty is in the way of the new link.
		if err := os.MkdirAll(filepath.Join(target.Profile.Dir, ".p.nixproc-link", "x"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := target.Commit(2); err == nil {
			t.Error("no error")
		}
		agrees(t, target, 1, string(target.Companion.Before))
		if _, err := os.Stat(target.Companion.Path); existed == errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file existed: %v, and now: %v", existed, err)
		}
	}
	for name, change := range map[string]func(Target){
		"changed": func(target Target) { put(t, target, "other") },
		"gone":    func(target Target) { os.Remove(target.Companion.Path) },
	} {
		target := companions(t, true)
		change(target)
		now, _ := os.ReadFile(target.Companion.Path)
		if err := target.Commit(2); err == nil || !strings.Contains(err.Error(), "was changed by somebody else in the meantime") {
			t.Errorf("%s: the error is %v", name, err)
		}
		agrees(t, target, 1, string(now))
	}
	target := companions(t, true)
	if err := target.Commit(3); err == nil {
		t.Error("a generation that does not exist is taken")
	}
	agrees(t, target, 1, "before")
}

// A command that finds what a killed one has left makes both agree.
func TestRecover(t *testing.T) {
	for name, c := range map[string]struct {
		existed    bool
		moved      bool // the profile has
		file, want string
		says       string
	}{
		"before the file changed":               {existed: true, file: "before", want: "before"},
		"the file has changed":                  {existed: true, file: "after", want: "before", says: "ids.nix is as it was before"},
		"the file was made":                     {file: "after", want: "", says: "ids.nix is as it was before"},
		"the file was not made":                 {},
		"both have changed":                     {existed: true, moved: true, file: "after", want: "after"},
		"somebody changed the file since":       {existed: true, file: "other", want: "other", says: "was changed since: it stays as it is"},
		"somebody removed the file since":       {existed: true, file: "", want: "", says: "was changed since: it stays as it is"},
		"both have, and somebody changed since": {existed: true, moved: true, file: "other", want: "other"},
	} {
		t.Run(name, func(t *testing.T) {
			target := companions(t, c.existed)
			if err := target.writeDown(2); err != nil {
				t.Fatal(err)
			}
			generation := 1
			if c.moved {
				generation = 2
				if err := target.Profile.Switch(2); err != nil {
					t.Fatal(err)
				}
			}
			os.Remove(target.Companion.Path)
			if c.file != "" {
				put(t, target, c.file)
			}
			if !target.Unsettled() {
				t.Error("it does not count as unsettled")
			}
			says, err := target.Recover()
			if err != nil || c.says == "" && says != "" || !strings.Contains(says, c.says) {
				t.Errorf("it says %q (%v), want %q", says, err, c.says)
			}
			agrees(t, target, generation, c.want)
			if says, err := target.Recover(); says != "" || err != nil {
				t.Errorf("a second time it says %q (%v)", says, err)
			}
		})
	}
}

// A profile whose generation is gone is at none.
func TestRecoverWithoutGeneration(t *testing.T) {
	target := companions(t, true)
	if err := errors.Join(target.writeDown(2), target.Companion.put(), os.Remove(target.Profile.Link(1))); err != nil {
		t.Fatal(err)
	}
	if says, err := target.Recover(); err != nil || !strings.Contains(says, "as it was before") {
		t.Errorf("it says %q (%v)", says, err)
	}
	if data, err := os.ReadFile(target.Companion.Path); err != nil || string(data) != "before" {
		t.Errorf("the file has %q (%v)", data, err)
	}
}
