package quote

import (
	"slices"
	"testing"
)

// What is read is what was written, and what systemd would expand is not read.
func TestSystemdWords(t *testing.T) {
	for line, want := range map[string][]string{
		"":                                nil,
		"/p  -a\t'daemon off;' ":          {"/p", "-a", "daemon off;"},
		`/p "daemon off;" "" ''`:          {"/p", "daemon off;", "", ""},
		`/p "a\nb\t\"c\"\\" 100%% $$HOME`: {"/p", "a\nb\t\"c\"\\", "100%", "$HOME"},
		`/p "it's" 'say "so"'`:            {"/p", "it's", `say "so"`},
	} {
		if got, ok := SystemdWords(line); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", line, got, ok, want)
		}
	}
	for _, line := range []string{"$HOME", "%h", `"a`, `a"b"`, `'a'b`, `a\`, `\x41`, "%", "a$"} {
		if got, ok := SystemdWords(line); ok {
			t.Errorf("%s is read as %q", line, got)
		}
	}
}
