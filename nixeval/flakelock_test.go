package nixeval

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/flakeref"
)

// What ends Nix without a word about the file is told of the lock file, if that is
// broken.
func TestLockError(t *testing.T) {
	t.Parallel()
	const ended = "\x1b[31;1merror:\x1b[0m [json.exception.type_error.302] type must be string"
	const elsewhere = `@nix {"action":"msg","level":0,"raw_msg":"[json.exception.parse_error.101] x","msg":"x","file":"/a.nix","line":1,"column":1}`
	for _, c := range []struct{ text, stderr, want string }{
		{"{", ended, "unexpected end of JSON input"},
		{"[]", ended, "byte 1 ends array, where something else is due"},
		{`{ "version": 7 }`, "nix-instantiate: json.hpp:2135: Assertion failed.", `it has no node "", its root`},
		{`{ "root": "r", "nodes": { "r": { } } }`, ended, ""},
		{"{", elsewhere, ""},
		{"{", "error: infinite recursion", ""},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "part", "flake.lock")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		r := Request{Source: Source{Flake: &flakeref.Ref{Root: dir, Dir: "part"}}}
		got := ""
		if err := r.lockError(parseMessages(c.stderr)); err != nil {
			got = err.Error()
		}
		if c.want == "" && got != "" || c.want != "" && !strings.HasPrefix(got, file+" is no lock file: "+c.want+"\n") {
			t.Errorf("%s, %s: %q, want %q", c.text, c.stderr, got, c.want)
		}
	}
}
