package s6rc

import (
	"slices"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/manager/managertest"
)

// Whatever the definitions of services hold, each service is one process's, and
// no process is there twice.
func FuzzDefinitions(f *testing.F) {
	f.Add("longrun\n", "a\n", "exec s6-log -d3 /var/log/a\n", "b", "")
	f.Add("bundle", "b\na\n", "", "b", "b")
	f.Add("oneshot\n", "", "", "default", "a\n\nb")
	f.Fuzz(func(t *testing.T, kind, contents, run, pipeline, joined string) {
		definitions := map[string]map[string]string{
			"a": {"type": kind, "contents": contents, "run": run, "dependencies": contents, "pipeline-name": pipeline, "consumer-for": joined},
			"b": {"type": "longrun\n", "producer-for": joined, "run": run},
			"c": {"type": kind, "contents": joined, "pipeline-name": pipeline},
		}
		processes, err := processesOf(definitions)
		if err != nil {
			return
		}
		var names []string
		files := 0
		for _, process := range processes {
			names = append(names, process.Name)
			files += len(process.Files)
			if slices.Contains(process.Dependencies, process.Name) || process.Name == "" {
				t.Fatalf("%+v", process)
			}
		}
		if unique := slices.Compact(slices.Clone(names)); len(unique) != len(names) || len(names) == 0 || files != 6+3+3-1 {
			t.Fatalf("%d files of the processes %q", files, names)
		}
	})
}

// Whatever s6-svstat says of two services, it is an error, or something of both,
// and what is not told clearly does not run.
func FuzzSupervised(f *testing.F) {
	for _, text := range []string{"true 7 -1\nfalse -1 3\n", "\n\n", "", "true 7\ntrue x 0\n", "true -7 -1\ntrue 0 -1\n", "true 7 0", "a\nb\nc\n"} {
		f.Add(text)
	}
	alone := func(name string) manager.Unit { return unitOf(name, Unit{Services: []Service{{name, Longrun}}}) }
	units := []manager.Unit{alone("a"), alone("b")}
	f.Fuzz(func(t *testing.T, text string) {
		m := &Manager{Runner: managertest.Says(text), Where: func() Place { return Place{Live: "/live"} }}
		up := map[string]bool{"a": true, "b": true}
		found, err := m.supervised(t.Context(), units, up)
		if err != nil {
			return
		}
		for _, unit := range units {
			state := ofLongruns(unit.Own.(Unit), unit.Name, up, found)
			if _, told := found[unit.Name]; !told || state.Condition == manager.Running && state.PID <= 0 {
				t.Fatalf("%q says of %s: %+v", text, unit.Name, state)
			}
		}
	})
}

func FuzzUnits(f *testing.F) {
	managertest.FuzzUnits(f, &Manager{}, `{"services": [{"name": "a", "type": "longrun"}]}`, `{"services": []}`, `{"services": [{}]}`)
}
