package shellvars

import (
	"os/exec"
	"testing"
)

// What a shell reads from quoted text, we read; what it would execute, we
// leave as it is.
func TestParseAgainstShell(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`k=plain`, `k=`, `k=''`, `k='a b'`, `k="a b"`, `k="a\"b\\c\d\` + "`" + `e\$f"`, `k=a'b c'"d e"f`,
		`k='it'\''s'`, `k=a\ b\'c\\d`, "k='two\nlines'", "k=\"two\\\nlines\"", "k=a\\\nb", "k=1\nk=2", "# k=9\n\n\tk=3\n", `k='#'a#`,
	} {
		out, err := exec.Command("/bin/sh", "-c", text+"\n"+`printf %s "$k"`).Output()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(text)
		if err != nil || got["k"] != string(out) {
			t.Errorf("%q: got %q, %v; the shell has %q", text, got["k"], err, out)
		}
	}
	for text, want := range map[string]string{
		"k=$(touch /x)": "$(touch /x)", "k=\"`id`\"": "`id`", "k=$HOME/x": "$HOME/x", "k=a b  \t\r\n": "a b", "k='a '  \n": "a ",
		"j=1; k=2\nk=3": "3", "k=\\": "",
	} {
		if got, err := Parse(text); err != nil || got["k"] != want {
			t.Errorf("%q: got %q, %v, want %q", text, got["k"], err, want)
		}
	}
	for _, text := range []string{"k='", `k="`, `k="a\"`, "k=a'b\n"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q: got %q", text, got)
		}
	}
}
