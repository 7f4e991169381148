package tests

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A command that fails says one clear thing and leaves nothing behind.

// listing is what there is below some directories: path -> type, mode, and
// contents or target.
type listing map[string]string

func listingOf(t *testing.T, roots ...string) listing {
	t.Helper()
	all := listing{}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if path == root && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			info, err := os.Lstat(path)
			if err != nil {
				return err
			}
			content := ""
			switch {
			case info.Mode()&fs.ModeSymlink != 0:
				content, err = os.Readlink(path)
			case info.Mode().IsRegular():
				var data []byte
				data, err = os.ReadFile(path)
				content = fmt.Sprintf("%x", sha256.Sum256(data))
			}
			all[path] = fmt.Sprintf("%s %s", info.Mode(), content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// differences names what was added, removed or changed.
func (l listing) differences(after listing) []string {
	var found []string
	for _, path := range slices.Sorted(maps.Keys(l)) {
		if now, ok := after[path]; !ok {
			found = append(found, "removed: "+path)
		} else if now != l[path] {
			found = append(found, fmt.Sprintf("changed: %s: %s, was %s", path, now, l[path]))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if _, ok := l[path]; !ok {
			found = append(found, "added: "+path)
		}
	}
	return found
}

// touchable is all that a command could change: state, profiles, and the place
// for temporary files, which is the deployment's own from now on.
func (d *deployment) touchable() listing {
	d.t.Helper()
	return listingOf(d.t, d.path("state"), d.path("profiles"), d.path("result"), d.temporary())
}

// temporary is a directory for temporary files that nobody else uses. Builders
// work there, so it has no blank in its path.
func (d *deployment) temporary() string {
	d.t.Helper()
	for _, variable := range d.env {
		if dir, ok := strings.CutPrefix(variable, "TMPDIR="); ok {
			return dir
		}
	}
	dir, err := os.MkdirTemp(d.store.dir, "tmp")
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { os.RemoveAll(dir) })
	d.env = append(d.env, "TMPDIR="+dir)
	return dir
}

// progress is what may come before the message: what was being built.
var progress = regexp.MustCompile(`(?m)^nixproc: (building|copying) '.*\n`)

// noMessage is what no message for people has in it.
var noMessage = regexp.MustCompile(`@nix |«|&\{|map\[|0x[0-9a-f]{6}|%!|goroutine|panic|\x1b|nil|<no value>|schema = 1|runtime error`)

// complaint checks that a command failed with the code and with one message on
// stderr, which it gives.
func complaint(t *testing.T, r outcome, code int) string {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d", r.code, code)
	}
	if r.stdout != "" {
		t.Errorf("on stdout: %s", r.stdout)
	}
	text := progress.ReplaceAllString(r.stderr, "")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if !strings.HasPrefix(text, "nixproc: ") || !strings.HasSuffix(text, "\n") {
		t.Errorf("no message of nixproc's: %q", r.stderr)
	}
	for i, line := range lines {
		if i > 0 && !strings.HasPrefix(line, "  ") {
			t.Errorf("line %d begins another message: %s", i+1, line)
		}
	}
	if len(lines) > 30 || len(text) > 3000 {
		t.Errorf("the message has %d lines, %d bytes", len(lines), len(text))
	}
	if strings.HasSuffix(lines[0], ".") {
		t.Errorf("a full stop at the end: %s", lines[0])
	}
	if match := noMessage.FindString(text); match != "" {
		t.Errorf("%q in the message", match)
	}
	if t.Failed() {
		t.Logf("stderr:\n%s", r.stderr)
	}
	return text
}

// complains is complaint for a message that contains some texts, after which
// everything is as it was before.
func (d *deployment) complains(t *testing.T, run func() outcome, code int, want ...string) {
	t.Helper()
	before := d.touchable()
	text := complaint(t, run(), code)
	for _, part := range want {
		if !strings.Contains(text, part) {
			t.Errorf("the message does not say %q:\n%s", part, text)
		}
	}
	for _, difference := range before.differences(d.touchable()) {
		t.Error(difference)
	}
}
