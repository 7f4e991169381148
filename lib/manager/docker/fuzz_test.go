package docker

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/manager/managertest"
)

// Whatever docker says, it is an error, or something of each container that was
// asked for: what it says nothing of is not taken for gone.
func FuzzInspect(f *testing.F) {
	whole := running + exited
	for _, text := range []string{whole, running, "", "\n", "null null null null null null null null", whole[:len(whole)-3], running + `"/nixproc-b"`, running + running, `"0" "" {} {} "" "" {} {}`, `"a" "b" {"c":null} {"Pid":-1}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		units := named("a", "b")
		states, err := Manager{Runner: managertest.Says(text), Program: "docker", Profile: "/p"}.Status(t.Context(), units)
		if err != nil {
			return
		}
		for _, unit := range units {
			if state, told := states[unit.Name]; !told || state.Condition == manager.Unknown || state.Detail == "there is no container" {
				t.Fatalf("%q says of %s: %+v", text, unit.Name, state)
			}
		}
	})
}

// An answer that was cut off is an error, wherever it was.
func TestInspectTruncated(t *testing.T) {
	t.Parallel()
	whole := strings.TrimSpace(running + exited)
	for cut := range len(whole) {
		if found, err := (Manager{Runner: managertest.Says(whole[:cut])}).inspect(t.Context(), named("a", "b")); err == nil {
			t.Errorf("cut at %d: %+v", cut, found)
		}
	}
}

// Whatever the files of a container hold, they are an error, or give it an image
// and parameters of one line each.
func FuzzSettings(f *testing.F) {
	f.Add("dockerImage=/s/a.tar.gz\ndockerImageTag=a:latest\n", "--name\nx\n")
	f.Add("dockerImage=/s/a=b\r\ndockerImageTag=a\ndockerStopTimeout=-1", "\n\n")
	f.Add("dockerImage\n=\n", "")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, settings, parameters string) {
		for name, text := range map[string]string{"a" + settingsFile: settings, "a" + parametersFile: parameters} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var u Unit
		if err := u.read(dir, "a"); err != nil {
			return
		}
		odd := func(line string) bool { return line == "" || strings.Contains(line, "\n") }
		if odd(u.image) || odd(u.tag) || u.stopTimeout < 0 || slices.ContainsFunc(u.parameters, odd) {
			t.Fatalf("%q and %q are %+v", settings, parameters, u)
		}
	})
}
