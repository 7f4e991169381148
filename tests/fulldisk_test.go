package tests

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Guards P5: wherever the disk is full, or can't be written to any more, a switch
// says so and all is as before.
// Each directory that it writes to is a file system of its own, in a namespace.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	places := []string{"profiles", "profiles/.processes.nixproc", "state", "state/run", "temporary", "state/log"}
	var mounts strings.Builder
	for _, place := range places {
		size := "512k"
		if place == "temporary" {
			size = "64m" // this program goes through it to the store
		}
		fmt.Fprintf(&mounts, "mkdir -p '%[1]s'\nmount -t tmpfs -o size=%[2]s,nr_inodes=100 tmpfs '%[1]s'\n", d.path(place), size)
	}
	d.env = append(d.env, "TMPDIR="+d.path("temporary"))
	m := machineFor(d, privateEtc+mounts.String(), "--mount")
	inside := *d // as it is seen in the namespace
	inside.dir = fmt.Sprintf("/proc/%d/root%s", m.holder, d.dir)
	seen := func() []string {
		return slices.Sorted(maps.Keys(listingOf(t, inside.path("profiles"), inside.path("state"), inside.path("temporary"))))
	}
	old := d.model("old.nix", `{ a = sleeper "a" { }; b = sleeper "b" { }; }`)
	new := d.model("new.nix", `{ a = sleeper "a" { args = [ 2000 ]; }; b = sleeper "b" { }; c = sleeper "c" { }; }`)
	d.mustSwitchTo(old)
	t.Cleanup(func() { d.switchTo("--undeploy") })
	runsAsBefore := func(t *testing.T, pid int) {
		t.Helper()
		if now, _, _ := inside.process("b"); now != pid {
			t.Errorf("b was process %d, and is %d", pid, now)
		}
		now, _, alive := inside.process("a")
		if !alive || !strings.Contains(read(t, "/proc", fmt.Sprint(now), "cmdline"), "1000") {
			t.Errorf("a is process %d, which is not as before", now)
		}
		if now, _, alive := inside.process("c"); alive {
			t.Errorf("c runs as %d", now)
		}
	}
	pid, _, _ := inside.process("b")
	fails := func(t *testing.T, spoil, mend, want string, args ...string) {
		before := seen()
		m.inside("sh", "-c", spoil)
		r := d.switchTo(append(args, new)...)
		m.inside("sh", "-c", mend)
		if r.code != codeFailed || !strings.Contains(strings.ToLower(r.stderr), want) {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		runsAsBefore(t, pid)
		if after := seen(); !slices.Equal(before, after) {
			t.Errorf("there were\n%q, and are\n%q", before, after)
		}
	}
	for _, place := range places {
		t.Run(filepath.Base(place), func(t *testing.T) {
			var args []string
			if place == "state" { // of which all directories are there
				args = []string{"--cache-dir", d.path("state/another")}
			}
			fill := fmt.Sprintf("mkdir '%[1]s/full' && cd '%[1]s/full' && { cat /dev/zero >0; i=1; while touch $i; do i=$((i + 1)); done; } 2>/dev/null || :", d.path(place))
			fails(t, fill, fmt.Sprintf("rm -r '%s/full'", d.path(place)), "no space left on device", args...)
		})
	}
	for _, place := range []string{"profiles", "profiles/.processes.nixproc", "state/run"} {
		t.Run("read-only "+filepath.Base(place), func(t *testing.T) {
			mount := func(how string) string { return fmt.Sprintf("mount -o remount,%s '%s'", how, d.path(place)) }
			fails(t, mount("ro"), mount("rw"), "read-only file system")
		})
	}
	d.mustSwitchTo(new)
	if _, _, alive := inside.process("c"); !alive {
		t.Error("with room again, the switch does not start c")
	}
}
