// Package managertest has what the tests of all process managers share. It must
// not know any of them.
package managertest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
	"nixproc/lib/run"
)

// Says is a run.Runner whose programs all say the same, and succeed.
type Says string

// Run runs nothing.
func (s Says) Run(context.Context, run.Command) (run.Result, error) {
	return run.Result{Stdout: string(s)}, nil
}

// FuzzUnits has a manager read profiles with one process, of which the manifest
// says anything at all beside its name: that is an error, or that process.
func FuzzUnits(f *testing.F, m manager.Manager, seeds ...string) {
	for _, unit := range append(seeds, "null", "{}", "[]", "1", `""`) {
		f.Add(unit)
	}
	profile := f.TempDir()
	f.Fuzz(func(t *testing.T, unit string) {
		if !json.Valid([]byte(unit)) {
			return
		}
		text, err := manifest.Manifest{Schema: manifest.Schema, Manager: m.Name(), Processes: []manifest.Process{
			{Name: "a", Rank: 1, Key: "k", Files: map[string]string{"f": "d"}, Unit: json.RawMessage(unit)},
		}}.Encode()
		if err == nil {
			err = os.WriteFile(filepath.Join(profile, manifest.FileName), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		units, err := m.Units(profile)
		if err == nil && (len(units) != 1 || units[0].Name != "a" || units[0].Key != "k" || units[0].File == "") {
			t.Fatalf("%s is read as %+v", unit, units)
		}
	})
}
