package render

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"nixproc/lib/manifest"
	"nixproc/lib/model"
)

// A process of the framework before this may say how it is ready as well, and so
// may one whose files a shell worked on; it is in neither's key.
func TestReadinessOfMerged(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"foreign", "ours"} {
		file := filepath.Join(dir, name, "conf.d", name+".conf")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("[program:"+name+"]\ncommand=/bin/sleep 1000\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	keys := map[string]bool{}
	for _, port := range []string{"1", "2"} {
		m := model.Model{Schema: model.Schema, Manager: "supervisord", Processes: []model.Process{
			{Attribute: "a", Name: "foreign", Foreign: true, Tree: filepath.Join(dir, "foreign"), Readiness: json.RawMessage(`{"tcp": ` + port + `}`)},
			{Attribute: "b", Name: "ours", Schema: model.Schema, Manager: "supervisord", Tree: filepath.Join(dir, "ours"),
				Parameters: json.RawMessage(`{"command": "/bin/sleep 1000"}`), Readiness: json.RawMessage(`{"tcp": ` + port + `}`)},
		}}
		out := filepath.Join(dir, "out"+port)
		if err := Build(m, out); err != nil {
			t.Fatal(err)
		}
		contents, err := manifest.Read(out)
		if err != nil || len(contents.Processes) != 2 {
			t.Fatalf("%v, %+v", err, contents)
		}
		for _, process := range contents.Processes {
			keys[process.Key] = true
			if process.Readiness == nil || process.Readiness.TCP != port {
				t.Errorf("%s: %+v", process.Name, process.Readiness)
			}
		}
	}
	if len(keys) != 2 {
		t.Errorf("there are %d keys of two processes", len(keys))
	}
}

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
