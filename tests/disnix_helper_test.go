package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// disnixPlace is a deployment with Disnix, whose profiles, locks and state are
// its own.
type disnixPlace struct {
	*deployment
	real  bool
	state string // Dysnomia's
}

// eachDisnix runs a test with the stand-in for Disnix, and with the real one
// where that is installed.
func eachDisnix(t *testing.T, test func(t *testing.T, p *disnixPlace)) {
	t.Run("stand-in", func(t *testing.T) {
		t.Parallel()
		test(t, newDisnix(t, newDeployment(t)))
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		test(t, newRealDisnix(t))
	})
}

// newDisnix puts the stand-in into a deployment.
func newDisnix(t *testing.T, d *deployment) *disnixPlace {
	t.Helper()
	for _, program := range []string{"/usr/bin/python3", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	p := &disnixPlace{deployment: d}
	for i, variable := range p.env {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			p.env[i] = "PATH=" + standIn(t) + ":" + path
		}
	}
	p.env = append(p.env, "DISNIX_STANDIN_STATE="+p.path("disnix state"))
	p.ownDirectories()
	return p
}

// ownDirectories are for Disnix's locks and for Dysnomia's notes.
func (p *disnixPlace) ownDirectories() {
	p.t.Helper()
	if err := os.MkdirAll(p.path("tmp dir"), 0o777); err != nil {
		p.t.Fatal(err)
	}
	// Dysnomia can't cope with blanks in its own directory.
	state, err := ownDir("npd")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { os.RemoveAll(state) })
	p.state = state
	p.env = append(p.env, "TMPDIR="+p.path("tmp dir"), "DYSNOMIA_STATEDIR="+state)
}

// installedDisnix is the directory of Disnix's programs; "" where it, or Dysnomia,
// is not installed.
func installedDisnix() string {
	var dir string
	for _, program := range []string{"dysnomia", "disnix-run-activity", "disnix-deploy", "disnix-env"} {
		path, err := exec.LookPath(program)
		if err != nil {
			return ""
		}
		dir = filepath.Dir(path)
	}
	return dir
}

// newRealDisnix is a place where nixproc runs in a mount namespace in which the
// profiles of the machine's own Disnix are hidden.
func newRealDisnix(t *testing.T) *disnixPlace {
	t.Helper()
	if installedDisnix() == "" {
		t.Skip("Disnix is not installed")
	}
	needsUnshare(t)
	p := &disnixPlace{deployment: newDeployment(t), real: true}
	p.ownDirectories()
	hidden := p.path("hidden profiles")
	if err := os.MkdirAll(filepath.Join(hidden, "per-user/root"), 0o755); err != nil {
		t.Fatal(err)
	}
	// Where no Nix was ever used, there are no profiles to hide.
	if err := os.MkdirAll("/nix/var/nix/profiles", 0o755); err != nil {
		t.Skip(err)
	}
	for _, program := range []string{"nixproc", "disnix-deploy"} {
		target := map[string]string{"nixproc": p.binary, "disnix-deploy": "disnix-deploy"}[program]
		script := "#!/bin/sh\nexec unshare --mount --propagation private sh -ec 'mount --bind \"$1\" /nix/var/nix/profiles; shift; exec \"$@\"' sh '" + hidden + "' " + target + " \"$@\"\n"
		if err := os.Chmod(p.write("hiding/"+program, script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.binary = p.path("hiding/nixproc")
	return p
}

// deployProgram is disnix-deploy itself.
func (p *disnixPlace) deployProgram() string {
	if p.real {
		return p.path("hiding/disnix-deploy")
	}
	return filepath.Join(standIn(p.t), "disnix-deploy")
}

func (p *disnixPlace) dysnomiaProgram() string {
	if p.real {
		return "dysnomia"
	}
	return filepath.Join(standIn(p.t), "dysnomia")
}

func (p *disnixPlace) switchTo(args ...string) outcome {
	p.t.Helper()
	return p.nixproc(append([]string{"disnix-switch", "--state-dir", p.path("state"), "--force-disable-user-change", "--host-packages"}, args...)...)
}

func (p *disnixPlace) mustSwitchTo(args ...string) outcome {
	p.t.Helper()
	r := p.switchTo(args...)
	if r.code != 0 {
		p.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// observe gives, by name, which processes run by their pid files and by /proc.
func (p *disnixPlace) observe(names ...string) map[string]string {
	p.t.Helper()
	found := map[string]string{}
	for _, name := range names {
		if pid, start, alive := p.process(name); alive {
			found[name] = fmt.Sprintf("%d since %s", pid, start)
		}
	}
	return found
}

// activated are the packages that Dysnomia noted as active.
func (p *disnixPlace) activated() []string {
	p.t.Helper()
	entries, err := os.ReadDir(filepath.Join(p.state, "activated/process"))
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// runsExactly checks that these processes run, and that Dysnomia knows them and
// no others.
func (p *disnixPlace) runsExactly(names ...string) map[string]string {
	p.t.Helper()
	o := p.observe(names...)
	for _, name := range names {
		if o[name] == "" {
			p.t.Errorf("%s does not run", name)
		}
	}
	if active := p.activated(); len(active) != len(names) {
		p.t.Errorf("Dysnomia has %q as active, want %q", active, names)
	}
	return o
}

// coordinator is where the generations are.
func (p *disnixPlace) coordinator(name string) string {
	return p.path("profiles/disnix-coordinator", name)
}

// standIn is the directory with the programs that stand in for Disnix.
func standIn(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("disnix")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func startDisnix(t *testing.T) *instance {
	m := newMachine(t)
	needsRoot(t, "daemon", "su")
	newDisnix(t, m.deployment)
	return m.instance(m.running)
}
