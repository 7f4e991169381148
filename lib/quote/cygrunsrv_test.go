package quote

import (
	"slices"
	"strings"
	"testing"
)

func TestCygrunsrvWord(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"":          "''",
		"a":         "a",
		"a b":       "'a b'",
		"it's":      "it's",
		"it's so":   `"it's so"`,
		`'a`:        `"'a"`,
		`"a b"`:     `'"a b"'`,
		`a'b"c`:     `a'b"c`,
		"\t\\$HOME": "\t\\$HOME",
	} {
		if got, err := CygrunsrvWord(word); err != nil || got != want {
			t.Errorf("%q gives %q, %v, want %q", word, got, err, want)
		}
	}
	for _, word := range []string{`it's "so"`, `'"`, `"'`} {
		if got, err := CygrunsrvWord(word); err == nil {
			t.Errorf("%q gives %q", word, got)
		}
	}
}

// splitLikeCygrunsrv walks over the characters as cygrunsrv does it, to have
// another opinion than CygrunsrvWords.
func splitLikeCygrunsrv(text string) (words []string) {
	for i := 0; i < len(text); i++ {
		if text[i] == ' ' {
			continue
		}
		stop := byte(' ')
		if text[i] == '\'' || text[i] == '"' {
			stop = text[i]
			i++
		}
		begin := i
		for i < len(text) && text[i] != stop {
			i++
		}
		words = append(words, text[begin:i])
	}
	return words
}

func FuzzCygrunsrvWord(f *testing.F) {
	for _, seed := range []string{"", "a b", "it's", `"`, `'`, `a 'b' "c"`, "  ", "a\tb"} {
		f.Add(seed, "x y")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		first, err := CygrunsrvWord(a)
		second, err2 := CygrunsrvWord(b)
		if err != nil || err2 != nil {
			for _, word := range []string{a, b} {
				if _, err := CygrunsrvWord(word); err != nil && !(strings.Contains(word, "'") && strings.Contains(word, `"`)) {
					t.Errorf("%q is refused: %v", word, err)
				}
			}
			return
		}
		text := first + " " + second + " end"
		want := []string{a, b, "end"}
		if got := splitLikeCygrunsrv(text); !slices.Equal(got, want) {
			t.Errorf("%q is split into %q, want %q", text, got, want)
		}
		if got := CygrunsrvWords(text); !slices.Equal(got, want) {
			t.Errorf("CygrunsrvWords splits %q into %q, want %q", text, got, want)
		}
	})
}
