package tests

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The names that the checkouts have to each other.
const (
	frameworkDir = "nix-processmgmt"
	servicesDir  = "nix-processmgmt-services"
)

// oldTrees are copies of the old checkouts, side by side as they expect it.
type oldTrees struct {
	store         *nixStore
	env           []string
	here          string // this tree
	theirs        string // holds both checkouts as they are
	ours          string // the same with our tree in the place of theirs
	compatibility string // the text of COMPATIBILITY.md
}

func newOldTrees(t *testing.T) *oldTrees {
	t.Helper()
	checkouts := map[string]string{frameworkDir: os.Getenv(oldFramework), servicesDir: os.Getenv(oldServices)}
	if checkouts[frameworkDir] == "" || checkouts[servicesDir] == "" {
		t.Skipf("%s and %s do not name checkouts of the old framework and of its services", oldFramework, oldServices)
	}
	store := newStore(t)
	binary, err := storedBinary()
	if err != nil {
		t.Fatal(err)
	}
	// Their Nix code can't cope with blanks in paths.
	dir, err := ownDir("np")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o := &oldTrees{
		store: store, here: checkoutPath(t), theirs: filepath.Join(dir, "theirs"), ours: filepath.Join(dir, "ours"),
		compatibility: read(t, "../COMPATIBILITY.md"),
		env: []string{
			"NIX_PATH=nixpkgs=" + absolutePath(t, "oldmodels/nixpkgs"),
			"NIXPROC_BUILDER=" + binary,
			"DISNIX_DATA_DIR=" + absolutePath(t, "oldmodels/disnix"),
		},
	}
	for _, tree := range []string{o.theirs, o.ours} {
		for name, checkout := range checkouts {
			copySources(t, checkout, filepath.Join(tree, name))
		}
		// Their program needs a library that few hosts have.
		copyOver(t, "../webapp", filepath.Join(tree, frameworkDir, "webapp"))
	}
	// A file of FreeBSD that theirs copies.
	replaceIn(t, filepath.Join(o.theirs, frameworkDir, "nixproc/backends/bsdrc/rcsubr.nix"), "/etc/rc.subr;", absolutePath(t, "freebsd/rc.subr")+";")
	copyOver(t, "../nixproc", filepath.Join(o.ours, frameworkDir, "nixproc"))
	return o
}

// copySources copies a checkout without its history.
func copySources(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case entry.Name() == ".git":
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		default:
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(target, data, 0o644)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// copyOver puts a copy of a directory where another stands.
func copyOver(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	copySources(t, from, to)
}

// replaceIn replaces a text in a file that has to contain it.
func replaceIn(t *testing.T, file, old, with string) {
	t.Helper()
	text := read(t, file)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not contain %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, old, with)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// models finds the processes models by looking at every Nix file.
func (o *oldTrees) models(t *testing.T) []oldModel {
	t.Helper()
	var files []string
	err := filepath.WalkDir(o.theirs, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".nix") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := o.store.nix(o.env, "nix-instantiate", "--eval", "--strict", "--json", absolutePath(t, "oldmodels/models.nix"),
		"--arg", "files", nixList(files))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]bool{}
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatal(err)
	}
	var models []oldModel
	for _, file := range files {
		if arguments, is := found[file]; is {
			relative, err := filepath.Rel(o.theirs, file)
			if err != nil {
				t.Fatal(err)
			}
			models = append(models, oldModel{file: relative, arguments: arguments})
		}
	}
	return models
}

// evaluation is a derivation, or why there is none.
type evaluation struct {
	Drv string `json:"drv"`
	Out string `json:"out"`
	err error
}

// evaluate evaluates a derivation for each job, all in one run of Nix. Nix ends at
// the first error, so a run that fails is repeated with each half of its jobs.
func (o *oldTrees) evaluate(jobs []oldJob, derivation func(oldJob) string) map[string]evaluation {
	var text strings.Builder
	for _, job := range jobs {
		fmt.Fprintf(&text, "%s = of (%s);\n", nixString(job.name), derivation(job))
	}
	out, err := o.store.nix(o.env, "nix-instantiate", "--eval", "--strict", "--json", "--read-write-mode",
		"-E", "let of = p: { drv = p.drvPath; out = p.outPath; }; in {\n"+text.String()+"}")
	results := map[string]evaluation{}
	if err == nil {
		err = json.Unmarshal([]byte(out), &results)
	}
	switch {
	case err == nil:
	case len(jobs) == 1:
		results[jobs[0].name] = evaluation{err: err}
	default:
		for half := range slices.Chunk(jobs, (len(jobs)+1)/2) {
			for name, result := range o.evaluate(half, derivation) {
				results[name] = result
			}
		}
	}
	return results
}
