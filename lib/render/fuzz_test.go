package render

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"nixproc/lib/model"
)

// The fuzz targets all check one property: a process with any values at all is
// either refused, by an error that names it and for a reason that its manager
// gives, or what is rendered says exactly what was asked for and nothing else,
// to a reader that was written from the documents of the format and shares no
// code with the renderer.

// random is a process made of random values.
type random struct {
	variable, value     string
	directory, argument string
	description         string
	nice                int
}

// fuzzed is how the property is checked of one renderer.
type fuzzed struct {
	model func(t *testing.T, p random) model.Model
	file  string // of the process, in the profile
	// text gives what is read where that is not the one file.
	text func(t *testing.T, m model.Model, profile *Profile) string
	// says gives all that the file has to say of the process.
	says func(p random) map[string]string
	// read gives all that the file says, and an error for whatever is in it that
	// has no place there.
	read func(text string) (map[string]string, error)
	// mayRefuse says whether the manager can't take the process.
	mayRefuse func(p random) bool
	// real has the manager's own program read the files; it skips the test where
	// that is not installed.
	real func(t *testing.T, all []written)
}

// written is the file of a process.
type written struct {
	random
	text string
}

var seeds = []random{
	{variable: "VALUE", value: "a b", directory: "/a b", argument: "two words", description: "A process"},
	{variable: "QUOTES", value: `it's`, directory: `/it's`, argument: `'"`, description: `"It's"`},
	{variable: "DOUBLE", value: `say "so" twice`, directory: `/"`, argument: `"`, description: `\`},
	{variable: "MIXED", value: `a'b"c`, argument: `a'b"c`},
	{variable: "BOTH", value: `'"'`, argument: `\'\"`},
	{variable: "SHELL", value: "$(x) `y` ${z} $", directory: "/$HOME", argument: "`id`", nice: 19},
	{variable: "LINES", value: "\n a\n\n[Service]\nUser=root\n\\", directory: "/a\nb", argument: "\n;;\nesac\n", description: "a\nb", nice: -20},
	{variable: "PERCENT", value: "100% %s %% %(here)s %%(here)s %n", argument: "%(x)s", description: "100%"},
	{variable: "COMMENT", value: "a ; b # c\t;d\n# e\n ;f", argument: "# ;"},
	{variable: "BACKSLASH", value: `\n\\x41\`, directory: `/\`, argument: `\`},
	{variable: "SPACE", value: " \t\v\f\u00a0\u2028 ", argument: " "},
	{variable: "EMPTY"},
	{variable: "CONTROL", value: "\x01\x1b[0m\x7f\r", argument: "\x01\r"},
	{variable: "LONG", value: strings.Repeat("0123456789 ", 1000), argument: strings.Repeat("x", 10000)},
	{variable: "UNICODE", value: "é 漢字 🙂", directory: "/é", argument: "é", description: "é"},
	{variable: "no-name", value: "x"},
	{variable: "A=B", value: "x"},
	{variable: "", value: "x"},
	{variable: "NICE", nice: 20},
}

func (z fuzzed) fuzz(f *testing.F) {
	for _, p := range seeds {
		f.Add(p.variable, p.value, p.directory, p.argument, p.description, p.nice)
	}
	f.Fuzz(func(t *testing.T, variable, value, directory, argument, description string, nice int) {
		p := random{variable, value, directory, argument, description, nice}
		for _, s := range []string{variable, value, directory, argument, description} {
			if strings.ContainsRune(s, 0) || !jsonKeeps(s) {
				t.Skip("Nix has no such text")
			}
		}
		text := z.render(t, p)
		if text == "" {
			return
		}
		got, err := z.read(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		same(t, got, z.says(p), text)
	})
}

// render gives the file, "" if the process was rightly refused.
func (z fuzzed) render(t *testing.T, p random) string {
	t.Helper()
	m := z.model(t, p)
	profile, err := Render(m)
	switch {
	case err == nil && z.text != nil:
		return z.text(t, m, profile)
	case err == nil:
		return string(profile.Files[z.file].Content)
	}
	if !z.mayRefuse(p) || !strings.Contains(err.Error(), "process '"+m.Processes[0].Attribute+"'") {
		t.Fatalf("%+v is refused: %v", p, err)
	}
	return ""
}

func same(t *testing.T, got, want map[string]string, text string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if have, says := got[name]; !says || have != want[name] {
			t.Errorf("%s is %q, want %q", name, have, want[name])
		}
	}
	for name := range got {
		if _, asked := want[name]; !asked {
			t.Errorf("nobody asked for %s, %q", name, got[name])
		}
	}
	if t.Failed() {
		t.Logf("in\n%s", text)
	}
}

// The programs that are to read the files agree with our readers of them about
// the seeds.
func TestSeedsAreReadByTheRealPrograms(t *testing.T) {
	for name, z := range map[string]fuzzed{
		"bsdrc": fuzzedBsdrc, "disnix": fuzzedDisnix, "docker": fuzzedDocker, "launchd": fuzzedLaunchd, "s6-rc": fuzzedS6rc,
		"supervisord": fuzzedSupervisord, "systemd": fuzzedSystemd, "sysvinit": fuzzedSysvinit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all []written
			for _, p := range seeds {
				if text := z.render(t, p); text != "" {
					all = append(all, written{p, text})
				}
			}
			if len(all) < len(seeds)/2 {
				t.Errorf("only %d of %d seeds are taken", len(all), len(seeds))
			}
			z.real(t, all)
		})
	}
}

// modelWith is a model of one process, x.
func modelWith(t *testing.T, manager string, settings, parameters any) model.Model {
	t.Helper()
	raw := func(value any) json.RawMessage {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return model.Model{
		Schema: model.Schema, Manager: manager, Settings: map[string]json.RawMessage{"s": raw(settings)},
		Processes: []model.Process{{Attribute: "x", Name: "x", Schema: model.Schema, Manager: manager, Settings: "s", Parameters: raw(parameters)}},
	}
}

// joined are several files, none of which has a NUL in it.
func joined(files Tree, names ...string) string {
	var texts []string
	for _, name := range names {
		texts = append(texts, string(files[name].Content))
	}
	return strings.Join(texts, "\x00")
}

func jsonKeeps(s string) bool {
	data, err := json.Marshal(s)
	var back string
	return err == nil && json.Unmarshal(data, &back) == nil && back == s
}

func wrongNice(nice int) bool { return nice < -20 || nice > 19 }
