package nixeval

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/run"
	"nixproc/lib/run/runtest"
)

// Many missing inputs are built some at a time, before the profile; what is
// there is not asked for.
func TestPortions(t *testing.T) {
	const count, built = 2*portion + 20, 10
	store := filepath.Join(t.TempDir(), "store")
	t.Setenv("NIX_STORE_DIR", store)
	if err := os.Mkdir(store, 0o755); err != nil {
		t.Fatal(err)
	}
	path := func(number int, name string) string {
		return fmt.Sprintf("%s/%032d-%s", store, number, name)
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	derivation := func(number int, name string, inputs []string) string {
		text := fmt.Sprintf(`Derive([("out",%q,"","")],[%s],[],"x86_64-linux","/bin/sh",[],[("allowSubstitutes",""),("name",%q),("out",%q)])`,
			path(number, name), strings.Join(inputs, ","), name, path(number, name))
		write(path(number, name+".drv"), text)
		return path(number, name+".drv")
	}
	var inputs, missing []string
	for number := range count {
		drv := derivation(number, "image", nil)
		inputs = append(inputs, fmt.Sprintf(`(%q,["out"])`, drv))
		if number < built {
			write(path(number, "image"), "")
		} else {
			missing = append(missing, drv+"!out")
		}
	}
	profile := derivation(count, "profile", inputs)

	fake := runtest.New(t)
	var asked []string
	for range 3 {
		fake.ExpectFunc("nix-store --realise", func(c run.Command) bool { return c.Args[3] == "--realise" }).
			Do(func(_ context.Context, c run.Command) (run.Result, error) {
				asked = append(asked, strings.Join(c.Args[4:], " "))
				return run.Result{}, nil
			})
	}
	err := Nix{Runner: fake, Notes: &strings.Builder{}}.Realise(t.Context(), &Evaluation{Drv: profile}, "/root/link")
	if err != nil {
		t.Fatal(err)
	}
	const off = " --option substitute false"
	want := []string{
		strings.Join(missing[:portion], " ") + off,
		strings.Join(missing[portion:2*portion], " ") + off,
		profile + off + " --add-root /root/link --indirect",
	}
	if got := strings.Join(asked, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("asked\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}
