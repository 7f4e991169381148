package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nobody is a user that every system has.
const nobody = 65534

// Without root, jobs are agents of the user: in the domain of the graphical
// login, or of the user where nobody is logged in so, and in the user's own
// directory.
func TestLaunchdAgents(t *testing.T) {
	t.Parallel()
	needsRoot(t, "setpriv")
	for _, domain := range []string{"gui", "user"} {
		t.Run(domain, func(t *testing.T) {
			t.Parallel()
			p := newLaunchd(t)
			p.domain = fmt.Sprintf("%s/%d", domain, nobody)
			as := fmt.Sprintf("setpriv --reuid=%d --regid=%d --clear-groups", nobody, nobody)
			p.enter = "exec " + as

			// A directory of the user's, where a profile needs no help of Nix.
			home, err := os.MkdirTemp(p.store.dir, "home")
			if err != nil {
				t.Fatal(err)
			}
			profiles := filepath.Join(p.store.dir, "var/nix/profiles", filepath.Base(home))
			if err := os.MkdirAll(profiles, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, dir := range []string{home, profiles, p.state} {
				if err := os.Chown(dir, nobody, nobody); err != nil {
					t.Fatal(err)
				}
			}
			p.run()
			r := p.nixproc("build", "-P", "launchd", "--no-out-link", "--host-packages", "--state-dir", filepath.Join(home, "state"), "--force-disable-user-change",
				p.model("model.nix", `{ a = sleeper "a" { }; }`))
			if r.code != 0 {
				t.Fatalf("exit code %d\n%s", r.code, r.stderr)
			}
			run := func(args ...string) {
				t.Helper()
				cmd := exec.Command("sh", append([]string{"-c", `exec ` + as + ` "$@"`, "sh", p.binary}, args...)...)
				cmd.Dir = "/"
				cmd.Env = append(p.env, "HOME="+home, "NIX_USER_PROFILE_DIR="+profiles, "LAUNCHD_TARGET_DIR=")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%q: %v\n%s", args, err, out)
				}
			}
			run("launchd-deploy", "--state-dir", filepath.Join(home, "state"), "--force-disable-user-change", strings.TrimSpace(r.stdout))
			if text := read(t, home, "Library/LaunchAgents/org.nixos.a.plist"); !strings.Contains(text, profiles) {
				t.Errorf("the plist is\n%s", text)
			}
			runsAs(t, "a", p.pid("a"), nobody, nobody)
			run("status")
			empty := p.nixproc("build", "-P", "launchd", "--no-out-link", "--host-packages", "--undeploy")
			run("launchd-deploy", "--state-dir", filepath.Join(home, "state"), "--force-disable-user-change", strings.TrimSpace(empty.stdout))
			if entries, err := os.ReadDir(filepath.Join(home, "Library/LaunchAgents")); err == nil && len(entries) > 0 {
				t.Errorf("left: %v", entries)
			}
			if len(p.observe()) > 0 {
				t.Error("it still runs")
			}
		})
	}
}
