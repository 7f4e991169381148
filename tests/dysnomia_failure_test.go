package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What can't be started with the other services of s6-rc is a failure of our module,
// and is among them no longer.
func TestDysnomiaModuleFails(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	pkg := d.path("00000000000000000000000000000000-b-srv")
	if err := os.MkdirAll(filepath.Join(pkg, "etc/s6/sv"), 0o755); err != nil {
		t.Fatal(err)
	}
	module := exec.Command("sh", absolutePath(t, "../tools/dysnomia-module/nixproc-process"), "activate", pkg, "nixproc-process")
	module.Env = append(d.env, "DYSNOMIA_STATEDIR="+d.path("dysnomia"), "PATH="+filepath.Dir(d.binary)+":"+os.Getenv("PATH"))
	out, err := module.CombinedOutput()
	if err == nil || len(out) == 0 {
		t.Errorf("exit code 0, or without a word:\n%s", out)
	}
	if left, _ := os.ReadDir(d.path("dysnomia/nixproc-s6-rc")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
