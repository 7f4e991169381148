package tests

import (
	"fmt"
	"os"
	"testing"
)

// `go install` from a clone makes a command that needs nothing of it: the Nix
// files are in it.
func TestGoInstall(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	clone := d.path("clone")
	copyTracked(t, clone)
	// With -trimpath, what other tests compile is the same.
	d.env = append(d.env, "GOBIN="+d.path("bin"), "GOFLAGS=-mod=mod -trimpath", "CGO_ENABLED=0", "GOMODCACHE="+goEnv(t, "GOMODCACHE"))
	if r := d.program("sh", "-ec", "cd clone && go install ./cmd/nixproc"); r.code != 0 {
		t.Fatalf("go install: exit code %d\n%s", r.code, r.stderr)
	}
	if err := os.RemoveAll(clone); err != nil {
		t.Fatal(err)
	}
	nixproc := d.path("bin", "nixproc")

	// The constructor functions and the host's packages are those in the command;
	// the model has nothing but what they made.
	d.write("a.json", `{ "name": "a", "instanceName": "a", "foregroundProcess": "/bin/sleep", "args": [1000],
		"overrides": { "sysvinit": { "runlevels": [3] } } }`)
	options := []string{"--state-dir", d.path("state"), "--force-disable-user-change", "--host-packages"}
	if r := d.program(nixproc, append([]string{"generate-config", "-P", "sysvinit", d.path("a.json")}, options...)...); r.code != 0 {
		t.Fatalf("generate-config: exit code %d\n%s", r.code, r.stderr)
	}
	package_, err := os.Readlink(d.path("result"))
	if err != nil {
		t.Fatal(err)
	}
	model := d.write("model.nix", fmt.Sprintf(`{ a.pkg = %q; }`, package_))
	if r := d.program(nixproc, append([]string{"sysvinit-switch", "--runlevel=3", model}, options...)...); r.code != 0 {
		t.Fatalf("switch: exit code %d\n%s", r.code, r.stderr)
	}
	runs(t, d.observe(), "a")
	d.mustSwitchTo("--undeploy")
}
