package coordinator

import (
	"os"
	"path/filepath"
	"testing"

	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
)

// The process manager of what may have to be stopped is asked for as well.
func TestWantingWhatWas(t *testing.T) {
	t.Parallel()
	old := t.TempDir()
	if err := os.MkdirAll(filepath.Join(old, "etc/s6"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := manifestxml.Network{Mappings: []manifestxml.Mapping{
		{Target: "m", Name: "a", Package: old, Type: network.Module},
		{Target: "m", Name: "other", Package: old, Type: "process"},
	}}
	m := Wanting(manifestxml.Target{Name: "m"}, map[string]bool{"systemd": true})
	for i, want := range []string{"s6-rc systemd", ""} {
		targets := wantingWhatWas(before, []manifestxml.Target{m, {Name: "n"}})
		if got := targets[i].Containers[network.Module][network.ManagersWanted]; got != want {
			t.Errorf("%s is asked for %q, want %q", targets[i].Name, got, want)
		}
	}
}
