package flakeref

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Whatever stands behind the #, it is an error, or names that are written in
// quotes and read back as the same.
func FuzzAttributePath(f *testing.F) {
	for _, text := range []string{"", "a", "a.b", `a."b.c"`, `""`, `"`, ".", "a.", "a..b", "%", "%22", "%2e", `a"b".c`, "é", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names, err := attributePath(text)
		if err != nil {
			return
		}
		if len(names) == 0 {
			t.Fatalf("%q has no names", text)
		}
		var quoted []string
		for _, name := range names {
			quoted = append(quoted, `"`+url.PathEscape(name)+`"`)
		}
		if again, err := attributePath(strings.Join(quoted, ".")); err != nil || !slices.Equal(again, names) {
			t.Fatalf("%q is %q, and read back as %q (%v)", text, names, again, err)
		}
	})
}

// Whatever a reference is, reading it ends well, and what it leads to is told.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"", ".#web", "path:.?dir=a#b", "path:/nonexistent", "github:a/b?dir=c#d.e", "a/b#c", "git+file:///x?dir=../..#a", "?dir=%zz", "#", "\x00#a", "path:?x=y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		// A checkout whose path can't stand in a URL has neither.
		either := (r.URL == "") != (r.Tree == "") || r.URL == "" && r.Git
		if err == nil && (!either || len(r.Attribute) == 0) {
			t.Fatalf("%q is %+v", text, r)
		}
	})
}
