package tests

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// fragments are the Nix blocks of a document that are no files. One that begins
// with "NAME =" and ends with a semicolon defines names for all others of the
// document; any other is an expression. All of them are evaluated, strictly,
// and what packages they make is built.
type fragments struct {
	definitions, expressions strings.Builder
}

var definition = regexp.MustCompile(`(?s)^[A-Za-z_][\w'-]* =.*;\n$`)

func (f *fragments) add(block codeBlock, text string) {
	if definition.MatchString(text) {
		fmt.Fprintf(&f.definitions, "# line %d\n%s", block.line, text)
	} else {
		fmt.Fprintf(&f.expressions, "# line %d\n(%s)\n", block.line, text)
	}
}

func (f *fragments) evaluate(r *reader) {
	r.t.Helper()
	if f.expressions.Len() == 0 {
		return
	}
	binary, err := storedBinary()
	if err != nil {
		r.t.Fatal(err)
	}
	file := r.write("guide/fragments.nix", fmt.Sprintf("let\n%sin\n(import <nixpkgs> { }).writeText \"fragments\" (builtins.toJSON [\n%s])\n", &f.definitions, &f.expressions))
	path := "NIX_PATH=nixpkgs=" + r.path("nixproc/nixproc/hostpkgs") + ":nixproc=" + r.path("nixproc/nixproc")
	if _, err := r.store.nix([]string{"NIXPROC_BUILDER=" + binary, path, "HOME=" + r.dir}, "nix-build", "--no-out-link", file); err != nil {
		r.t.Errorf("%s: %v\nin\n%s", filepath.Base(r.document), err, read(r.t, file))
	}
}
