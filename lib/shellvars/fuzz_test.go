package shellvars

import (
	"maps"
	"strings"
	"testing"
)

// Whatever a file holds, what is read of it is written in the form that profiles
// have, and read back as the same. A file that ends within a quote is an error.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"a=1\nb='x y'\n", `a="b\"c"'d'\e`, "a='", `a="\`, "a=\\", "a=b \\\n c", "=", "1a=2", "a", "a=\x00\xff", "a=1\r\nb=2\r\n", "a='1'#\n", "export a=1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := Parse(text)
		if err != nil {
			return
		}
		var b strings.Builder
		for name, value := range values {
			b.WriteString(name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n")
		}
		if again, err := Parse(b.String()); err != nil || !maps.Equal(again, values) {
			t.Fatalf("%q is read back as %q (%v)", values, again, err)
		}
		if open, err := Parse(text + "\nlast='"); err == nil {
			t.Fatalf("a quote that is not closed is read as %q", open)
		}
	})
}
