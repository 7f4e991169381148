package render

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixproc/lib/manager/s6rc"
	"nixproc/lib/model"
)

// Any names and texts at all give definitions of services that say what was
// meant.
func FuzzS6rc(f *testing.F) { fuzzedS6rc.fuzz(f) }

var fuzzedS6rc = fuzzed{
	model: s6rcOf,
	// The names of files, each with what it holds.
	text: func(_ *testing.T, _ model.Model, profile *Profile) string {
		var texts []string
		for _, files := range []Tree{profile.Files, profile.Common} {
			for name, file := range files {
				texts = append(texts, name, string(file.Content))
			}
		}
		return strings.Join(texts, "\x00")
	},
	says: func(p random) map[string]string {
		says := map[string]string{"default/type": "bundle\n"}
		names := []string{"other", s6rcNameOf(p)}
		for _, name := range names {
			for file, text := range map[string]string{
				"-srv/type": "longrun", "-srv/run": "#!/bin/sh", "-srv/producer-for": name + "-log",
				"-log/type": "longrun", "-log/run": "#!/bin/sh", "-log/consumer-for": name + "-srv", "-log/pipeline-name": name,
			} {
				says[name+file] = text + "\n"
			}
		}
		srv := names[1] + "-srv/"
		says[srv+"run"], says[srv+"finish"], says[srv+"dependencies"] = p.value, p.argument, "other-srv\n"
		slices.Sort(names)
		says["default/contents"] = strings.Join(names, "\n") + "\n"
		return says
	},
	read: func(text string) (map[string]string, error) {
		parts := strings.Split(text, "\x00")
		found := map[string]string{}
		for i := 0; i+1 < len(parts); i += 2 {
			service, ok := strings.CutPrefix(parts[i], "etc/s6/sv/")
			if _, again := found[service]; again || !ok || strings.Count(service, "/") != 1 {
				return nil, fmt.Errorf("%q has no place in a definition, or comes twice", parts[i])
			}
			found[service] = parts[i+1]
		}
		return found, nil
	},
	mayRefuse: func(p random) bool {
		name := s6rcNameOf(p)
		return strings.TrimSpace(p.value) == "" || name == "" || name == "default" || name == "other" ||
			strings.Contains(".#- \t\n\f\r", name[:1]) || strings.Contains(" \t\n\f\r", name[len(name)-1:]) || strings.ContainsAny(name, "/\n") ||
			strings.HasPrefix(name+"-", "s6rc-") || strings.HasPrefix(name+"-", "s6-rc-")
	},
	real: compileServices,
}

func s6rcOf(t *testing.T, p random) model.Model {
	name := s6rcNameOf(p)
	spec := logged(name, p.value, "other-srv")
	spec.Services[name+"-srv"]["finish"] = s6rcFile{Text: p.argument}
	return s6rcModel(s6rcProcess(t, name, spec, "other"), s6rcProcess(t, "other", logged("other", "#!/bin/sh\n")))
}

func s6rcNameOf(p random) string { return p.variable + p.description }

// compileServices has s6-rc-compile read the definitions, and s6-rc-db tell what
// it made of them; our own Scan sees the same.
func compileServices(t *testing.T, all []written) {
	if _, err := exec.LookPath("s6-rc-compile"); err != nil {
		t.Skip(err)
	}
	for _, one := range all {
		name := s6rcNameOf(one.random)
		dir := t.TempDir()
		tree, database := filepath.Join(dir, "profile"), filepath.Join(dir, "database")
		if err := mustRender(t, s6rcOf(t, one.random)).Write(tree); err != nil {
			t.Fatal(err)
		}
		found, err := s6rc.Scan(tree)
		if err != nil || len(found) != 2 {
			t.Errorf("%q: Scan gives %v, %v", name, found, err)
		}
		for _, process := range found {
			if process.Name == name && !slices.Equal(process.Dependencies, []string{"other"}) {
				t.Errorf("%q depends on %q", name, process.Dependencies)
			}
		}
		if out, err := exec.Command("s6-rc-compile", database, filepath.Join(tree, s6rcSources)).CombinedOutput(); err != nil {
			t.Errorf("%q: %s", name, out)
			continue
		}
		lines := func(question, service string) []string {
			out, err := exec.Command("s6-rc-db", "-c", database, question, service).Output()
			if err != nil {
				t.Errorf("%s %q: %v", question, service, err)
			}
			return slices.Sorted(slices.Values(strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")))
		}
		want := []string{"other-log", "other-srv", name + "-log", name + "-srv"}
		slices.Sort(want)
		if got := lines("contents", "default"); !slices.Equal(got, want) {
			t.Errorf("the bundle has %q, want %q", got, want)
		}
		if got := lines("dependencies", name+"-srv"); !slices.Contains(got, "other-srv") {
			t.Errorf("%q depends on %q", name, got)
		}
	}
}
