package cygrunsrv

import (
	"slices"
	"strings"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/manager/managertest"
)

// Whatever a params file holds, its parameters are written and read back as the
// same, and mean the same then.
func FuzzParameters(f *testing.F) {
	for _, text := range []string{"--path\n/a\n--args\n'b c' d\n--env\nA=1\n", "--env\n'A=\\'1'\n", "", "\n", "--path", "--nohide\n--dep\nb\n--dep\na\n", "--env\n'\n", "--args\n\"a", "\n\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		parameters := Parameters(content)
		UnitOf("a"+Suffix, parameters)
		key, err := Key(content)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := Lines(parameters)
		if err != nil {
			return
		}
		if slices.ContainsFunc(parameters, func(one string) bool { return strings.HasPrefix(one, "'") }) {
			return // as older files have it, once
		}
		if again := Parameters(lines); !slices.Equal(again, parameters) && len(parameters) > 1 {
			t.Fatalf("%q is read back as %q", parameters, again)
		}
		if again, err := Key(lines); err != nil || again != key {
			t.Fatalf("%q means something else when it is read back (%v)", parameters, err)
		}
	})
}

// Whatever cygrunsrv prints, nothing runs of which it does not say so.
func FuzzStates(f *testing.F) {
	for _, text := range []string{"Service             : a\nCurrent State       : Running\r\n", "Service : a\nService : b\nCurrent State : Running\n", "Current State : Running\n", "Service : a\n", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		unit := manager.Unit{Name: "a", Own: Unit{Service: "a"}}
		found, err := Manager{Runner: managertest.Says(text)}.Status(t.Context(), []manager.Unit{unit})
		if err != nil {
			t.Fatal(err)
		}
		state := found["a"]
		if state.Condition == manager.Running && !strings.Contains(text, ": Running") || state.Condition == manager.Unknown && state.Detail == "" {
			t.Fatalf("%q says %+v", text, state)
		}
	})
}

func FuzzUnits(f *testing.F) {
	managertest.FuzzUnits(f, Manager{}, `{"params": "a-cygrunsrvparams", "service": "a", "needs": ["a", "b"]}`)
}
