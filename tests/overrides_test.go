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
// arguments that there always are, and those that there are beside them for each
// process of overrides/samples.nix. A part of an argument has a dot in it.
type overridden struct {
	layer    string // of overrides that have several parts
	common   string
	more     map[string]string
	required string // what can't be left out
	unused   string // what has an effect only beside other arguments
}

// overrides, by the directory of the manager's generator.
var overrides = map[string]overridden{
	"bsdrc": {
		common: "name environment path directory nice umask dependencies user instanceName credentials postInstall command commandIsDaemon commandArgs",
		more: map[string]string{
			"foreground":  "pidFile",
			"initialized": "pidFile commands.start.pre",
			"daemon":      "pidFile",
		},
		required: "name command",
		unused:   "instanceName", // of the pid file that is not given

	},
	"cygrunsrv": {
		common:   "name environment dependencies postInstall environmentPath path args",
		required: "name path",
	},
	"disnix": {
		common:   "name dependencies credentials postInstall process pidFile",
		required: "name process",
		unused:   "process", // it is in the package alone

	},
	"docker": {
		layer:    "container",
		common:   "name dockerImage postInstall cmd storePaths dependencies dockerImageTag useHostNixStore useHostNetwork mapStateDirVolumes",
		required: "name dockerImage dockerImageTag",
	},
	"launchd": {
		common: "name credentials postInstall Program",
		more: map[string]string{
			"foreground":  "ProgramArguments EnvironmentVariables path WorkingDirectory Umask Nice UserName",
			"initialized": "ProgramArguments EnvironmentVariables path WorkingDirectory Umask Nice",
			"daemon":      "ProgramArguments EnvironmentVariables path WorkingDirectory Umask Nice UserName",
		},
		required: "name Program",
	},
	"s6-rc": {
		common: "name dependencies credentials postInstall",
		more: map[string]string{
			"bare": "run", "foreground": "run", "initialized": "run",
			"daemon": "up down",
		},
		required: "name run up down",
	},
	"supervisord": {
		common: "name command path environment dependencies credentials postInstall",
		more: map[string]string{
			"foreground":  "directory umask nice pidFile user",
			"initialized": "umask nice pidFile", // the wrapper becomes the user, and knows the directory
			"daemon":      "directory umask nice pidFile user",
		},
		required: "name command",
		unused:   "pidFile", // of supervisord's own proxy, useProxy
	},
	"systemd": {
		common: "name path environment dependencies credentials postInstall Unit.Description Service.ExecStart Service.Type",
		more: map[string]string{
			"foreground":  "Service.WorkingDirectory Service.UMask Service.Nice Service.User",
			"initialized": "Service.ExecStartPre Service.WorkingDirectory Service.UMask Service.Nice Service.User",
			"daemon":      "Service.PIDFile Service.WorkingDirectory Service.UMask Service.Nice Service.User",
		},
		required: "name",
	},
	"sysvinit": {
		common: "name description path environment directory umask nice dependencies credentials instanceName initialize user postInstall process processIsDaemon args",
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
	for name := range found {
		if _, told := overrides[name]; !told {
			t.Errorf("nothing says what overrides see of %s", name)
		}
	}
	for name, o := range overrides {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !found[name] {
				t.Skip("there is no generator for it")
			}
			o.check(t, name)
		})
	}
}

func (o overridden) check(t *testing.T, name string) {
	calls := map[string]string{}
	want := map[string][]string{}
	for _, sample := range []string{"bare", "foreground", "initialized", "daemon"} {
		want[sample] = strings.Fields(o.common + " " + o.more[sample])
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
