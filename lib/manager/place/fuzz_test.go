package place

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a file in the place of a manager holds, it is a profile's only if it
// was signed for it; and whatever is put there is known again.
func FuzzOwner(f *testing.F) {
	for _, text := range []string{"", "\n", "# Profile: /p\n", "#!/bin/sh\n# Profile: /p", "#!/bin/sh\n# Profile: %zz\n", "x\n# Profile: \n"} {
		f.Add(text, "/p", 1)
		f.Add(text, "/p\n--%\\", 0)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, profile string, line int) {
		d := Directory{Path: dir, Profile: profile, Begin: "# Profile: ", End: " #", Line: min(max(0, line), 1)}
		if profile == "" || profile == nobody || profile == older || profile == unknown {
			return
		}
		for _, content := range []string{text, d.signed(text)} {
			if err := os.WriteFile(filepath.Join(dir, "a"), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			has, err := d.Has("a")
			if err != nil {
				t.Fatal(err)
			}
			if signed := content != text; has != signed && (signed || !strings.Contains(text, d.Begin)) {
				t.Fatalf("%q of %q is its own: %t", content, profile, has)
			}
		}
	})
}
