package run

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"testing/quick"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`systemctl start a.service`:       {"systemctl", "start", "a.service"},
		`echo '' 'a b' 'it'\''s' '$HOME'`: {"echo", "", "a b", "it's", "$HOME"},
		`'A=1' B=2`:                       {"A=1", "B=2"},
		`'if' if`:                         {"if", "if"},
		`echo '~' 'é'`:                    {"echo", "~", "é"},
	} {
		if got := Quote(args); got != want {
			t.Errorf("%q: got %s, want %s", args, got, want)
		}
	}
}

// What a user pastes reaches the program as it was.
func TestQuoteThroughShell(t *testing.T) {
	t.Parallel()
	back := func(args []string) bool {
		want := []byte{}
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "\x00", "$`\"'\\\n ")
			want = append(append(want, args[i]...), 0)
		}
		line := Quote(append([]string{"printf", `%s\0`}, args...))
		got, err := exec.Command("/bin/sh", "-c", line).Output()
		if len(args) == 0 {
			want = []byte{0}
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Logf("line %q: got %q, want %q, %v", line, got, want, err)
			return false
		}
		return true
	}
	if err := quick.Check(back, &quick.Config{MaxCount: 100}); err != nil {
		t.Error(err)
	}
	ascii := func(raw [][]byte) bool {
		args := make([]string, len(raw))
		for i, b := range raw {
			for j := range b {
				b[j] = b[j]%127 + 1
			}
			args[i] = string(b)
		}
		return back(args)
	}
	if err := quick.Check(ascii, &quick.Config{MaxCount: 100}); err != nil {
		t.Error(err)
	}
}
