package deploy

import (
	"maps"
	"testing"

	"nixproc/lib/manager"
)

// comparing is a manager that compares files by their names' lengths.
type comparing struct{ manager.Manager }

func (comparing) Difference(old, new manager.Unit) string {
	if len(old.File) == len(new.File) {
		return ""
	}
	return "its length differs"
}

// Only what one of ours and one of others are is compared, and what has a key.
func TestDifferences(t *testing.T) {
	unit := func(name, key, file string, foreign bool) manager.Unit {
		return manager.Unit{Name: name, Key: key, File: file, Foreign: foreign}
	}
	old := []manager.Unit{
		unit("equal", "1", "/old/a", true), unit("other", "1", "/older/a", true), unit("renamed", "1", "/old/a", true),
		unit("both theirs", "1", "/old/a", true), unit("both ours", "1", "/old/a", false), unit("back", "1", "/old/a", false),
		unit("same key", "1", "/older/a", true), unit("doubtful", "", "/old/a", true), unit("gone", "1", "/old/a", true),
	}
	new := []manager.Unit{
		unit("equal", "2", "/new/a", false), unit("other", "2", "/new/a", false), unit("renamed", "2", "/new/b", false),
		unit("both theirs", "2", "/new/a", true), unit("both ours", "2", "/new/a", false), unit("back", "2", "/new/a", true),
		unit("same key", "1", "/new/a", false), unit("doubtful", "2", "/new/a", false), unit("new", "1", "/new/a", false),
	}
	want := map[string]string{"equal": "", "other": "its length differs", "renamed": "its file is called b now", "back": ""}
	if got := (Target{Manager: comparing{}}).differences(old, new); !maps.Equal(got, want) {
		t.Errorf("%q", got)
	}
	want = map[string]string{"equal": incomparable, "other": incomparable, "renamed": incomparable, "back": incomparable}
	if got := (Target{Manager: &machine{}}).differences(old, new); !maps.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
