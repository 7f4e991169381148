package tests

import (
	"os"
	"strings"
	"testing"
)

// tools/vendor-hash.nix is the digest of the modules that are built in, and the
// script that says so can tell.
func TestVendorHash(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	tree := d.path("tree")
	copyTracked(t, tree)
	d.env = append(d.env, goSettings(t)...)
	script := func(args ...string) outcome {
		t.Helper()
		return d.program("sh", append([]string{tree + "/tools/vendor-hash.sh"}, args...)...)
	}
	if r := script(); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	right := read(t, tree, "tools/vendor-hash.nix")
	d.write("tree/tools/vendor-hash.nix", strings.Replace(right, "sha256-", "sha256-A", 1))
	if r := script(); r.code != 1 || !strings.Contains(r.stderr, right[strings.Index(right, `"`):]) {
		t.Errorf("another digest is not found out, or the right one not told: exit code %d\n%s", r.code, r.stderr)
	}
	if r := script("--update"); r.code != 0 || read(t, tree, "tools/vendor-hash.nix") != right {
		t.Errorf("--update: exit code %d\n%s\n%s", r.code, r.stderr, read(t, tree, "tools/vendor-hash.nix"))
	}
	if _, err := os.Stat("../vendor"); err == nil {
		t.Error("there is a vendor directory: modules are not part of the tree")
	}
}
