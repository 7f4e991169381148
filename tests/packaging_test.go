//go:build !freebsd

// The library that makes archives of Nix does not compile there.

package tests

import (
	"crypto/sha256"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nix-community/go-nix/pkg/nar"
)

// tools/vendor-hash.nix is the digest of the modules that go.mod asks for.
func TestVendorHash(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "vendor")
	cmd := exec.Command("go", "mod", "vendor", "-o", dir)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go mod vendor: %v\n%s", err, out)
	}
	hash := sha256.New()
	if err := nar.DumpPath(hash, dir); err != nil {
		t.Fatal(err)
	}
	want := `"sha256-` + base64.StdEncoding.EncodeToString(hash.Sum(nil)) + `"`
	if got := read(t, "../tools/vendor-hash.nix"); !strings.Contains(got, want) {
		t.Errorf("tools/vendor-hash.nix is out of date: it has to say %s", want)
	}
}

// The commands are installed under their old names, from the attributes that
// they always had.
func TestToolsHaveTheirOldNames(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	tools, err := filepath.Abs("../tools")
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"GOMODCACHE=" + goEnv(t, "GOMODCACHE"), "GOFLAGS=-mod=mod", "GOPROXY=" + goEnv(t, "GOPROXY")}
	for attribute, commands := range map[string][]string{
		"common":          {"nixproc-build", "nixproc-init-state"},
		"s6-rc":           {"nixproc-s6-rc-switch", "nixproc-s6-rc-deploy", "nixproc-s6-svscan"},
		"docker":          {"nixproc-docker-switch", "nixproc-docker-deploy"},
		"cygrunsrv":       {"nixproc-cygrunsrv-switch", "nixproc-cygrunsrv-deploy"},
		"launchd":         {"nixproc-launchd-switch", "nixproc-launchd-deploy"},
		"disnix":          {"nixproc-disnix-switch", "nixproc-disnix-deploy"},
		"generate-config": {"nixproc-generate-config"},
		"idassign":        {"nixproc-id-assign"},
		"supervisord":     {"nixproc-supervisord-switch", "nixproc-supervisord-deploy", "nixproc-supervisord-deploy-stateless"},
		"sysvinit":        {"nixproc-sysvinit-switch", "nixproc-sysvinit-deploy", "nixproc-sysvinit-runactivity"},
		"systemd":         {"nixproc-systemd-switch", "nixproc-systemd-deploy"},
	} {
		out, err := s.nix(env, "nix-build", "--no-out-link", tools, "-A", attribute)
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range commands {
			help, err := exec.Command(filepath.Join(out, "bin", command), "--help").Output()
			if want := "Usage: nixproc " + strings.TrimPrefix(command, "nixproc-"); err != nil || !strings.HasPrefix(string(help), want) {
				t.Errorf("%s --help: %v\n%s", command, err, help)
			}
		}
	}
	out, err := s.nix(env, "nix-build", "--no-out-link", tools, "-A", "chainload-user")
	if err != nil {
		t.Fatal(err)
	}
	chainload := exec.Command(filepath.Join(out, "bin/nixproc-chainload-user"), "root", "sh", "-c", "id -u; id -g")
	if said, err := chainload.CombinedOutput(); os.Getuid() == 0 && (err != nil || string(said) != "0\n0\n") {
		t.Errorf("nixproc-chainload-user: %v\n%s", err, said)
	}
	if _, err := os.Stat(filepath.Join("..", "vendor")); err == nil {
		t.Error("there is a vendor directory: modules are not part of the tree")
	}
}
