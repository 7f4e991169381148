package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bsdChroot stands for the chroot(8) of macOS and the BSDs, which knows nothing
// of GNU's options: chroot -u USER -g GROUP -G GROUP,… DIRECTORY COMMAND.
const bsdChroot = `#!/bin/sh
[ "$1 $3 $5 $7" = "-u -g -G /" ] || { echo "usage: chroot, not $*" >&2; exit 64; }
user=$2 group=$4 groups=$6
shift 7
cd / && exec setpriv --reuid="$user" --regid="$group" --groups="$groups" "$@"
`

// Without setpriv(1), as on macOS, the proxy becomes the user by chroot(8), and
// keeps directory, umask, arguments and its pid; no group of root's stays (D35).
func TestForegroundProxyWithoutSetpriv(t *testing.T) {
	t.Parallel()
	needsUnshare(t)
	needsRoot(t, "setpriv", "chroot")
	dir := filepath.Join(t.TempDir(), "a folder")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for path := dir; path != "/tmp" && path != "/"; path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := strings.NewReplacer(
		"@date@", "date", "@id@", "id", "@rm@", "rm", "@sleep@", "sleep", "@stat@", "stat", "@tail@", "tail", "@setpriv@", "/no/such/setpriv",
	).Replace(read(t, "../nixproc/backends/util/foreground-proxy.sh"))
	for name, text := range map[string]string{
		"chroot": bsdChroot, "proxy": script,
		"program": "#!/bin/sh\nid -u; id -g; id -G; pwd; umask; echo \"$$ $VARIABLE\"; printf '<%s>' \"$@\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-ec",
		`mount --bind "$1/chroot" /usr/sbin/chroot; umask 027; exec sh "$1/proxy" -d "$1" -u nobody -- "$1/program" "a b" '$HOME' ''`, "sh", dir)
	cmd.Env = append(os.Environ(), "VARIABLE=it's there")
	cmd.Stderr = os.Stderr
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	var want []string
	for _, which := range []string{"-u", "-g", "-G"} {
		id, err := exec.Command("id", which, "nobody").Output()
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, strings.TrimSpace(string(id)))
	}
	for i, value := range append(want, dir, "0027", fmt.Sprintf("%d it's there", pid), "<a b><$HOME><>") {
		if lines[i] != value {
			t.Errorf("line %d is %q, want %q", i+1, lines[i], value)
		}
	}
}
