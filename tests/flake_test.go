package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The flake runs the command, here with this host's programs in place of
// Nixpkgs: no network, no lock file, no checkout of Git needed.
func TestFlake(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	// Older versions of Nix take no space in the path of a flake.
	tree, err := os.MkdirTemp(d.store.dir, "flake")
	if err != nil {
		t.Fatal(err)
	}
	copyTracked(t, tree)
	nix := func(args ...string) outcome {
		t.Helper()
		d.env = append(d.env, "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "GOFLAGS=-mod=mod")
		options := []string{
			"--extra-experimental-features", "nix-command flakes", "--impure", "--no-write-lock-file", "--offline",
			"--override-input", "nixpkgs", "path:" + filepath.Join(tree, "nixproc/hostpkgs"),
		}
		verbs := 1
		if args[0] == "flake" {
			verbs = 2
		}
		r := d.program("nix", slices.Concat(args[:verbs], options, args[verbs:])...)
		if r.code != 0 {
			t.Fatalf("nix %q: exit code %d\n%s", args, r.code, r.stderr)
		}
		return r
	}
	model := d.model("model.nix", `{ a = sleeper "a" { }; }`)
	nix("run", "path:"+tree+"#nixproc", "--", "sysvinit-switch", "--runlevel=3", "--host-packages",
		"--state-dir", d.path("state"), "--force-disable-user-change", model)
	runs(t, d.observe(), "a")
	nix("run", "path:"+tree+"#nixproc-sysvinit-switch", "--", "--undeploy", "--runlevel=3")
	runs(t, d.observe())

	nix("build", "--out-link", d.path("tools"), "path:"+tree+"#sysvinit")
	if _, err := os.Stat(d.path("tools/bin/nixproc-sysvinit-switch")); err != nil {
		t.Error(err)
	}
	if name := nix("eval", "--raw", "path:"+tree+"#devShells.x86_64-linux.default.name").stdout; name != "shell" {
		t.Errorf("the shell for developers is %q", name)
	}
	// All outputs are of the right form, for all systems.
	nix("flake", "check", "--no-build", "path:"+tree)
	overlay := fmt.Sprintf(`overlay: (overlay (import %s/nixproc/hostpkgs { }) { }).nixproc.outPath`, tree)
	if name := nix("eval", "--raw", "path:"+tree+"#overlays.default", "--apply", overlay).stdout; name != nix("eval", "--raw", "path:"+tree+"#nixproc").stdout {
		t.Errorf("the overlay's nixproc is %s", name)
	}
	module := nix("eval", "--raw", "path:"+tree+"#nixosModules.default", "--apply", `module: "${toString module.imports}"`).stdout
	if units := d.store.eval(t, fmt.Sprintf(`(import %s { inherit pkgs; module = /. + %q; settings = { enable = true; package = pkgs.coreutils; processes = { }; }; }).drvPath`,
		absolute(t, "nixos/units.nix"), module)); !strings.HasSuffix(units, `-units.drv"`) {
		t.Errorf("the module of NixOS gives %s", units)
	}
	if _, err := os.Stat(filepath.Join(tree, "flake.lock")); err == nil {
		t.Error("a lock file was made")
	}
}

// copyTracked copies the tree as it is in the next commit.
func copyTracked(t *testing.T, to string) {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = ".."
	names, err := list.Output()
	if err != nil {
		t.Skipf("no checkout of Git: %v", err)
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join("..", name))
		if os.IsNotExist(err) {
			continue
		}
		info, statErr := os.Stat(filepath.Join("..", name))
		if err := errors.Join(err, statErr); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}
