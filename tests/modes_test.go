package tests

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// All that a switch of root's makes, but for what Nix does, with mode and owner,
// whatever the umask of whoever calls it.
func TestModesWhateverTheUmask(t *testing.T) {
	t.Parallel()
	for _, mask := range []string{"000", "077"} {
		t.Run(mask, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			needsRoot(t, "daemon")
			model := m.sleepers("model.nix", map[string]string{"npmodes": "uid = 42501;"}, `
				nproot.pkg = create {
					instanceName = "nproot";
					foregroundProcess = "${pkgs.coreutils}/bin/sleep"; args = [ 300 ];
					overrides.sysvinit.runlevels = [ 3 ];
				};`)
			m.must("sh", "-c", `umask "$1"; shift; exec "$@"`, "sh", mask, m.binary, "sysvinit-switch",
				"--host-packages", "--runlevel=3", "--state-dir", m.path("state"), model)
			want := map[string]string{
				"state": "drwxr-xr-x 0", "state/run": "drwxr-xr-x 0", "state/log": "drwxr-xr-x 0", "state/cache": "drwxr-xr-x 0",
				"state/spool": "drwxr-xr-x 0", "state/lock": "drwxr-xr-x 0", "state/lib": "drwxr-xr-x 0", "state/tmp": "dtrwxrwxrwx 0",
				"state/run/nproot.pid": "-rw-r--r-- 0", "state/tmp/npmodes.pid": "-rw-r--r-- 42501",
				"state/log/nixproc-nproot.log": "-rw-r----- 0", "state/log/nixproc-npmodes.log": "-rw-r----- 0",
				"state/tmp/nixproc-npmodes.log": "-rw-r--r-- 42501",
				"profiles":                      "drwxr-xr-x 0", "profiles/.processes.nixproc": "drwxr-xr-x 0", "profiles/.processes.nixproc/lock": "-rw-r--r-- 0",
			}
			for path, is := range m.modes("state", "profiles") {
				if is != want[path] {
					t.Errorf("%s is %s, want %q", path, is, want[path])
				}
				delete(want, path)
			}
			for path := range want {
				t.Errorf("there is no %s", path)
			}
		})
	}
}

// modes are mode and owner of all that is below some directories, but links.
func (d *deployment) modes(dirs ...string) map[string]string {
	found := map[string]string{}
	for _, dir := range dirs {
		err := filepath.WalkDir(d.path(dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.Type() == fs.ModeSymlink {
				return err
			}
			info, err := os.Lstat(path)
			if err == nil {
				uid := info.Sys().(*syscall.Stat_t).Uid
				found[strings.TrimPrefix(path, d.dir+"/")] = info.Mode().String() + " " + strconv.Itoa(int(uid))
			}
			return err
		})
		if err != nil {
			d.t.Error(err)
		}
	}
	return found
}
