package quote

import (
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
)

func TestShell(t *testing.T) {
	for word, want := range map[string]string{
		"":             "''",
		"/a/b-c.d":     "/a/b-c.d",
		"two words":    "'two words'",
		"it's":         `'it'\''s'`,
		"$HOME":        "'$HOME'",
		"a\nb":         "'a\nb'",
		"~":            "'~'",
		"--user=x,y:z": "--user=x,y:z",
	} {
		if got := Shell(word); got != want {
			t.Errorf("Shell(%q) = %s, want %s", word, got, want)
		}
	}
}

// The shell itself reads the words back.
func TestShellWordsRoundTrip(t *testing.T) {
	const alphabet = "ab'\"\\$`!*?[]{}()<>|&;#~ \t\n%=é\x01"
	runes := []rune(alphabet)
	for range 50 {
		words := make([]string, 1+rand.IntN(8))
		for i := range words {
			var b strings.Builder
			for range rand.IntN(12) {
				b.WriteRune(runes[rand.IntN(len(runes))])
			}
			words[i] = b.String()
		}
		out, err := exec.Command("sh", "-c", `printf '%s\0' `+ShellWords(words...)).Output()
		if err != nil {
			t.Fatalf("sh: %v for %q", err, words)
		}
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); strings.Join(got, "\x00") != strings.Join(words, "\x00") {
			t.Fatalf("sh read %q, want %q", got, words)
		}
	}
}
