package render

import (
	"os"
	"path/filepath"
	"testing"
)

// Two packages may have the same link, also one that leads nowhere; links to
// different places are different files.
func TestLinksInTwoPackages(t *testing.T) {
	tree := func(target string) Merge {
		dir := t.TempDir()
		if err := os.Symlink(target, filepath.Join(dir, "module")); err != nil {
			t.Fatal(err)
		}
		return Merge{Tree: dir}
	}
	for _, c := range []struct {
		first, second string
		same          bool
	}{
		{"/nowhere/module", "/nowhere/module", true},
		{"/nowhere/module", "/nowhere/other", false},
		{"../there", "../there", true},
		{"../there", "../elsewhere", false},
	} {
		m := newMerger(Tree{})
		if err := m.walk(tree(c.first), ""); err != nil {
			t.Fatal(err)
		}
		if err := m.walk(tree(c.second), ""); (err == nil) != c.same {
			t.Errorf("%s and %s: %v", c.first, c.second, err)
		}
	}
}
