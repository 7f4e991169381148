package tests

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// overridden says what overrides for a process manager see: the generated
// arguments for a process of which little is said, and beyond those for the
// other processes of overrides/samples.nix. A part of one has a dot in it.
type overridden struct {
	layer    string // of overrides that have several parts
	bare     string
	more     map[string]string
	required string // what can't be left out
	unused   string // what has an effect only beside other arguments
}

// overrides, by the directory of the manager's generator.
var overrides = map[string]overridden{
	"supervisord": {
		bare: "name command path environment dependencies credentials postInstall",
		more: map[string]string{
			"foreground":  "directory umask nice pidFile user",
			"initialized": "umask nice pidFile", // the wrapper becomes the user, and knows the directory
			"daemon":      "directory umask nice pidFile user",
		},
		required: "name command",
		unused:   "pidFile", // of supervisord's own proxy, useProxy
	},
	"systemd": {
		bare: "name path environment dependencies credentials postInstall Unit.Description Service.ExecStart Service.Type",
		more: map[string]string{
			"foreground":  "Service.WorkingDirectory Service.UMask Service.Nice Service.User",
			"initialized": "Service.ExecStartPre Service.WorkingDirectory Service.UMask Service.Nice Service.User",
			"daemon":      "Service.PIDFile Service.WorkingDirectory Service.UMask Service.Nice Service.User",
		},
		required: "name",
	},
	"sysvinit": {
		bare: "name description path environment directory umask nice dependencies credentials instanceName initialize user postInstall process processIsDaemon args",
		more: map[string]string{
			"foreground":  "pidFile",
			"initialized": "pidFile",
			"daemon":      "pidFile",
		},
		required: "name",
	},
}

// Overrides, as functions and as sets, see the arguments that COMPATIBILITY.md
// promises, under each manager that there is a generator for, and delete (only
// functions can), replace and append to each of them, down to the specification.
func TestOverrides(t *testing.T) {
	t.Parallel()
	generators, err := filepath.Glob("../nixproc/backends/*/generate-*.nix")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, generator := range generators {
		found[filepath.Base(filepath.Dir(generator))] = true
	}
	delete(found, "util")
	for name := range overrides {
		if !found[name] {
			t.Errorf("there is no generator for %s", name)
		}
		delete(found, name)
	}
	for name := range found {
		t.Errorf("nothing says what overrides see of %s", name)
	}
	for name, o := range overrides {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.check(t, name)
		})
	}
}

func (o overridden) check(t *testing.T, name string) {
	calls := map[string]string{}
	want := map[string][]string{}
	for _, sample := range []string{"bare", "foreground", "initialized", "daemon"} {
		want[sample] = strings.Fields(o.bare + " " + o.more[sample])
		slices.Sort(want[sample])
		layer := "null"
		if o.layer != "" {
			layer = nixString(o.layer)
		}
		calls[sample] = fmt.Sprintf(`import %s { create = create %q; manager = %q; layer = %s; sample = %q; nested = %s; required = %s; unused = %s; }`,
			absolute(t, "overrides/check.nix"), name, name, layer, sample,
			nixList(parents(want[sample])), nixList(strings.Fields(o.required)), nixList(strings.Fields(o.unused)))
	}
	var expr strings.Builder
	for sample, call := range calls {
		fmt.Fprintf(&expr, "%s = %s; ", sample, call)
	}
	var got map[string]struct{ Names, Problems []string }
	if err := json.Unmarshal([]byte(evalWith(t, false, "{ "+expr.String()+"}")), &got); err != nil {
		t.Fatal(err)
	}
	for sample := range calls {
		slices.Sort(got[sample].Names)
		if !slices.Equal(got[sample].Names, want[sample]) {
			t.Errorf("of the process '%s' overrides see\n%q, want\n%q", sample, got[sample].Names, want[sample])
		}
		for _, problem := range got[sample].Problems {
			t.Errorf("of the process '%s': %s", sample, problem)
		}
	}
}

// parents gives what has parts.
func parents(names []string) []string {
	var found []string
	for _, name := range names {
		for i, r := range name {
			if r == '.' && !slices.Contains(found, name[:i]) {
				found = append(found, name[:i])
			}
		}
	}
	return found
}

func nixList(texts []string) string {
	var list strings.Builder
	for _, text := range texts {
		list.WriteString(nixString(text) + " ")
	}
	return "[ " + list.String() + "]"
}
