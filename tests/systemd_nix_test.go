package tests

import (
	"fmt"
	"strings"
	"testing"
)

// The older places of the files, and a profile built with nix-build.
func TestSystemdNixFiles(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"create-systemd-service", "generate-systemd-service", "build-systemd-env"} {
		out := evalWith(t, false, fmt.Sprintf(`builtins.functionArgs (import %s) == builtins.functionArgs (import %s)`,
			frameworkOf(t, "create-managed-process/systemd/"+file+".nix"), frameworkOf(t, "backends/systemd/"+file+".nix")))
		if out != "true" {
			t.Errorf("%s: %s", file, out)
		}
	}
	if out := evalWith(t, false, `((create "systemd") { name = "x"; process = "/bin/x"; }).name`); out != `"nix-process-x"` {
		t.Errorf("the package is called %s", out)
	}
	empty := evalWith(t, true, fmt.Sprintf(`import %s { inherit pkgs; }`, frameworkOf(t, "backends/systemd/build-systemd-env.nix")))
	if manifest := read(t, empty, "nixproc.json"); !strings.Contains(manifest, `"manager": "systemd"`) {
		t.Errorf("the manifest of an empty profile is %s", manifest)
	}
	package_ := evalWith(t, true, `(create "systemd") { name = "x"; process = "/bin/x"; credentials.groups.g = { }; }`)
	if unit := read(t, package_, "etc/systemd/system/nix-process-x.service"); !strings.Contains(unit, "ExecStart=/bin/x\n") {
		t.Errorf("the unit is %s", unit)
	}
	read(t, package_, "dysnomia-support/groups/g")
}
