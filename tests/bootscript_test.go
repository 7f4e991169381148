package tests

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A machine that boots by System V init starts what is deployed, and stops it
// when it goes down, once that was asked for; also after the garbage was
// collected.
func TestBootScript(t *testing.T) {
	t.Parallel()
	needsUnshare(t, "--uts", "--ipc", "--pid", "--fork")
	m := newMachine(t)
	m.useStore(newOwnStore(t, "sandbox = false"))
	m.inside("mkdir", "-p", "/etc/init.d")
	etc := fmt.Sprintf("/proc/%d/root/etc", m.holder)
	before := tree(t, etc)
	must := func(args ...string) outcome {
		t.Helper()
		r := m.nixproc(args...)
		if r.code != 0 {
			t.Fatalf("%q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
		}
		return r
	}

	journal := m.path("journal")
	model := m.write("model.nix", fmt.Sprintf(bootModel, absolute(t, "../nixproc"), read(t, "boot/process.sh")))
	parameters := []string{"--host-packages", "--force-disable-user-change", "--state-dir", m.path("state"), "--extra-params", fmt.Sprintf("{ journal = %q; }", journal), model}
	must(slices.Concat([]string{"sysvinit-switch", "--runlevel", "2"}, parameters)...)
	if r := must("boot", "enable", "--runlevel", "2"); !strings.Contains(r.stderr, "process 'low' will not start at boot: it starts in runlevel 3 4 5, this is 2") {
		t.Errorf("nothing says that nothing will start:\n%s", r.stderr)
	}
	must("boot", "disable")
	sameTree(t, etc, before)
	for range 2 {
		must("boot", "enable")
	}
	if found := m.inside("sh", "-c", "ls /etc/rc?.d/*nixproc"); strings.Count(found, "/etc/rc") != 7 {
		t.Errorf("the links are\n%s", found)
	}
	if r := m.program("nix-collect-garbage", "-d"); r.code != 0 {
		t.Fatalf("nix-collect-garbage: %s", r.stderr)
	}

	for _, path := range []string{"init.d", "rc0.d", "rc3.d", "rc6.d"} {
		links, err := filepath.Glob(filepath.Join(etc, path, "*nixproc"))
		if err != nil || len(links) != 1 {
			t.Fatalf("%s has %q, %v", path, links, err)
		}
		m.inside("mkdir", "-p", m.path(path))
		m.inside("cp", "-a", strings.TrimPrefix(links[0], fmt.Sprintf("/proc/%d/root", m.holder)), m.path(path))
	}
	b := bootInto(t, m.deployment, 3, m.path("no scripts but the one"))
	started := b.reached(3, 0)
	inOrder(t, started, "start low", "start middle", "start high")
	wants(t, started, "start high", "start left", "start low", "start middle", "start right")
	if out := b.inside("/etc/init.d/nixproc", "status"); strings.Count(out, "is running") != 5 {
		t.Errorf("the status is\n%s", out)
	}
	stopped := b.change(0)
	inOrder(t, stopped, "stop high", "stop middle", "stop low")
	wants(t, stopped, "stop high", "stop left", "stop low", "stop middle", "stop right")

	must("boot", "disable")
	sameTree(t, etc, before)
	must("boot", "disable")
}

// Whatever is in the way stays, and so does another profile's script.
func TestBootScriptInTheWay(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.inside("mkdir", "-p", "/etc/init.d")
	m.inside("sh", "-c", "echo theirs >/etc/init.d/nixproc")
	r := m.nixproc("boot", "enable")
	if r.code != 1 || !strings.Contains(r.stderr, "/etc/init.d/nixproc is in the way") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if r := m.nixproc("boot", "disable"); r.code != 0 || m.inside("cat", "/etc/init.d/nixproc") != "theirs\n" {
		t.Errorf("disable: exit code %d\n%s", r.code, r.stderr)
	}

	if r := m.nixproc("boot", "enable", "-p", "web apps"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	r = m.nixproc("boot", "enable", "-p", "web_apps")
	if r.code != 1 || !strings.Contains(r.stderr, "/etc/init.d/nixproc-web_apps belongs to the profile "+m.path("profiles", "web apps")) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if r := m.nixproc("boot", "disable", "-p", "web_apps"); r.code != 0 {
		t.Error(r.stderr)
	}
	m.inside("test", "-x", "/etc/init.d/nixproc-web_apps")

	for _, bad := range [][]string{{"boot"}, {"boot", "on"}, {"boot", "enable", "disable"}, {"boot", "enable", "--runlevel", "0"}} {
		if r := m.nixproc(bad...); r.code != 64 || r.stderr == "" {
			t.Errorf("%q: exit code %d\n%s", bad, r.code, r.stderr)
		}
	}
	m.inside("rm", "-r", "/etc/init.d")
	if r := m.nixproc("boot", "enable"); r.code != 1 || !strings.Contains(r.stderr, "does not boot by System V init") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

// tree lists the files of a directory with their modes and where links lead.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		to, _ := os.Readlink(path)
		found = append(found, fmt.Sprintf("%s %s %s", strings.TrimPrefix(path, dir), info.Mode(), to))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func sameTree(t *testing.T, dir string, before []string) {
	t.Helper()
	after := tree(t, dir)
	for _, line := range after {
		if !slices.Contains(before, line) {
			t.Errorf("new: %s", line)
		}
	}
	for _, line := range before {
		if !slices.Contains(after, line) {
			t.Errorf("gone: %s", line)
		}
	}
}
