package profile

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever links are called and wherever they lead, a generation is one only by
// the very name that is written.
func FuzzLinks(f *testing.F) {
	for _, name := range []string{"p-1-link", "p-01-link", "p-+1-link", "p-0-link", "p-b-1-link", "p--1-link", "p-1-link/..", "../p-1-link", "p-99999999999999999999-link", "p-1-linkx", "", "."} {
		f.Add("p", name)
	}
	f.Add("p-1", "p-1-1-link")
	f.Add("a[b*", "a[b*-3-link")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, name, link string) {
		p := Profile{Dir: dir, Name: name}
		if n, ok := p.number(link); ok && (n < 1 || p.linkName(n) != link) {
			t.Fatalf("%q is taken for generation %d of %q", link, n, name)
		}
		if filepath.Base(name) != name || name == "." || name == ".." || os.Symlink(link, p.Path()) != nil {
			return
		}
		defer os.Remove(p.Path())
		n, err := p.target()
		if err == nil && link != p.linkName(n) && link != p.Link(n) && filepath.Clean(link) != p.Link(n) && filepath.Clean(link) != p.linkName(n) {
			t.Fatalf("a link to %q is at generation %d", link, n)
		}
	})
}
