package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Something else stands where a directory, a profile or a link is due.
func TestSomethingInTheWay(t *testing.T) {
	t.Parallel()
	makeFile := func(t *testing.T, path string) {
		if err := os.WriteFile(path, []byte("precious\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	makeDir := func(t *testing.T, path string) {
		if err := os.MkdirAll(filepath.Join(path, "precious"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	linkTo := func(target string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.Symlink(target, path); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name    string
		path    string // of what is in the way, below the deployment's directory
		make    func(t *testing.T, path string)
		command []string // after the options for directories; MODEL
		want    []string
	}{
		{"state directory is a file", "state", makeFile, []string{"MODEL"}, []string{"cannot make the state directory DIR/state (--state-dir)", "not a directory"}},
		{"state directory is in a file", "other", makeFile, []string{"--state-dir", "DIR/other/state", "MODEL"}, []string{"cannot make the state directory DIR/other/state", "not a directory"}},
		{"state directory is a dangling link", "state", linkTo("nowhere"), []string{"MODEL"}, []string{"cannot make the state directory DIR/state"}},
		{"log directory is a file", "log", makeFile, []string{"--log-dir", "DIR/log", "MODEL"}, []string{"cannot make the log directory DIR/log (--log-dir)"}},
		{"profile directory is a file", "profiles", makeFile, []string{"MODEL"}, []string{"DIR/profiles", "not a directory"}},
		{"profile is a file", "profiles/processes", makeFile, []string{"MODEL"}, []string{"DIR/profiles/processes is not a profile: it is a file"}},
		{"profile is a directory", "profiles/processes", makeDir, []string{"MODEL"}, []string{"DIR/profiles/processes is not a profile: it is a directory"}},
		{"profile is a link elsewhere", "profiles/processes", linkTo("/usr"), []string{"MODEL"}, []string{"DIR/profiles/processes is not a profile: it is a link to /usr"}},
		{"generation is a directory", "profiles/processes-1-link", makeDir, []string{"MODEL"}, []string{"DIR/profiles/processes-1-link is not a generation: it is a directory"}},
		{"roll back what is no profile", "profiles/processes", makeDir, []string{"--rollback"}, []string{"is not a profile"}},
		{"list what is no profile", "profiles/processes", makeDir, []string{"--list-generations"}, []string{"is not a profile"}},
		{"undeploy what is no profile", "profiles/processes", linkTo("/usr"), []string{"--undeploy"}, []string{"is not a profile"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeployment(t)
			path := d.path(c.path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			c.make(t, path)
			model := ""
			if slices.Contains(c.command, "MODEL") {
				model = d.model("a.nix", aModel)
			}
			place := strings.NewReplacer("MODEL", model, "DIR", d.dir)
			args := make([]string, len(c.command))
			for i := range args {
				args[i] = place.Replace(c.command[i])
			}
			want := make([]string, len(c.want))
			for i := range want {
				want[i] = place.Replace(c.want[i])
			}
			before := listingOf(t, d.dir)
			d.complains(t, func() outcome { return d.switchTo(args...) }, codeFailed, want...)
			for _, difference := range before.differences(listingOf(t, d.dir)) {
				t.Error(difference)
			}
		})
	}
}

// With a generation that runs: the new state directory can't be made, or what
// is to become the next generation's link is taken. Nothing stops.
func TestSomethingInTheWayOfTheNext(t *testing.T) {
	t.Parallel()
	b := newTwice(t)
	d := b.used
	model := d.model("a.nix", aModel)
	d.write("file", "precious\n")
	d.complains(t, func() outcome { return d.switchTo("--state-dir", d.path("file"), model) }, codeFailed,
		"cannot make the state directory "+d.path("file"))
	b.stillRuns(t)
	if err := os.Mkdir(d.path("profiles", "processes-2-link"), 0o755); err != nil {
		t.Fatal(err)
	}
	d.complains(t, func() outcome { return d.switchTo(model) }, codeFailed, "processes-2-link is not a generation: it is a directory")
	b.stillRuns(t)
}

// The link ./result is made by nixproc build, but nothing is replaced by it.
func TestResultInTheWay(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.model("a.nix", aModel)
	d.write("result/precious", "")
	d.complains(t, func() outcome { return d.nixproc("build", "-P", "sysvinit", model) }, codeFailed,
		d.path("result")+" is in the way", "--no-out-link")
	d.write("result too", "")
	// There, root seems to have the right to.
	d.complains(t, func() outcome {
		return d.program("sh", "-c", `cd /proc && exec "$@"`, "sh", d.binary, "build", "-P", "sysvinit", model)
	}, codeFailed, "/proc/result can't be made: ", "--no-out-link")
}

// Where the link can't be made, that is said before anything is built.
func TestResultWithoutRights(t *testing.T) {
	t.Parallel()
	u := newUnprivileged(t)
	d := newDeployment(t)
	model := filepath.Join(u.home, "a.nix")
	if err := os.WriteFile(model, []byte(read(t, d.model("a.nix", aModel))), 0o644); err != nil {
		t.Fatal(err)
	}
	message := complaint(t, u.run("/bin/sh", "-c", `cd / && exec "$@"`, "sh", u.binary, "build", "-P", "sysvinit", "--host-packages", model), codeFailed)
	if !strings.Contains(message, "/result can't be made: permission denied; go to another directory, or use --no-out-link") {
		t.Error(message)
	}
}

// Who lacks a right is told which, and nothing is touched: neither with nothing
// deployed nor while a generation runs.
func TestMissingRights(t *testing.T) {
	t.Parallel()
	u := newUnprivileged(t)
	d := newDeployment(t)
	own := func(mode os.FileMode, elements ...string) string {
		path := filepath.Join(append([]string{u.home}, elements...)...)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		for dir := path; dir != u.home; dir = filepath.Dir(dir) {
			if err := os.Chown(dir, u.uid, u.gid); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(u.home, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := read(t, d.model("a.nix", `{ a = sleeper "a" { credentials = { groups.nixproctest = { }; users.nixproctest.group = "nixproctest"; }; }; }`))
	withUser := file("user.nix", text, 0o644)
	model := file("a.nix", read(t, d.model("b.nix", aModel)), 0o644)
	secret := file("secret.nix", text, 0o600) // root's
	importsSecret := file("imports.nix", "import ./secret.nix", 0o644)
	tmp, state := own(0o755, "tmp"), own(0o755, "state")
	u.env = append(u.env, "TMPDIR="+tmp, "NIX_USER_PROFILE_DIR="+filepath.Join(u.home, "profiles"))
	readOnly := own(0o555, "read only")

	switchTo := func(args ...string) outcome {
		return u.run(u.binary, append([]string{"sysvinit-switch", "--host-packages"}, args...)...)
	}
	check := func(t *testing.T) {
		for _, c := range []struct {
			name    string
			profile string // directory of the profile, "" for the usual one
			args    []string
			code    int
			want    []string
		}{
			{"users", "", []string{"--state-dir", state, withUser}, codeFailed, []string{"only root can create and remove users and groups", "run as root, or add --force-disable-user-change"}},
			{"state directory can't be written", "", []string{"--force-disable-user-change", "--state-dir", readOnly, model}, codeFailed, []string{"cannot make the", readOnly, fmt.Sprintf("user %d cannot write in", u.uid)}},
			{"state directory can't be made", "", []string{"--force-disable-user-change", "--state-dir", filepath.Join(readOnly, "state"), model}, codeFailed, []string{"cannot make the state directory", fmt.Sprintf("user %d cannot write in", u.uid)}},
			{"profile directory can't be written", readOnly, []string{"--force-disable-user-change", "--state-dir", state, model}, codeFailed, []string{readOnly, "permission denied"}},
			{"profile directory can't be made", filepath.Join(readOnly, "profiles"), []string{"--force-disable-user-change", "--state-dir", state, model}, codeFailed, []string{readOnly, "permission denied"}},
			{"model can't be read", "", []string{"--force-disable-user-change", "--state-dir", state, secret}, codeModel, []string{secret, "Permission denied"}},
			{"imported file can't be read", "", []string{"--force-disable-user-change", "--state-dir", state, importsSecret}, codeModel, []string{secret, "Permission denied"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				env := u.env
				defer func() { u.env = env }()
				if c.profile != "" {
					u.env = append(slices.Clone(env), "NIX_USER_PROFILE_DIR="+c.profile)
				}
				roots := []string{state, tmp, readOnly, filepath.Join(u.home, "profiles")}
				before := listingOf(t, roots...)
				message := complaint(t, switchTo(c.args...), c.code)
				for _, part := range c.want {
					if !strings.Contains(message, part) {
						t.Errorf("the message does not say %q:\n%s", part, message)
					}
				}
				for _, difference := range before.differences(listingOf(t, roots...)) {
					t.Error(difference)
				}
			})
		}
	}
	t.Run("nothing deployed", check)
	args := []string{"--force-disable-user-change", "--state-dir", state}
	if r := switchTo(append(args, model)...); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	defer switchTo(append(args, "--undeploy")...)
	pid := read(t, state, "run", "a.pid")
	t.Run("a generation runs", check)
	if _, err := os.Stat("/proc/" + strings.TrimSpace(pid)); err != nil || read(t, state, "run", "a.pid") != pid {
		t.Errorf("process %s does not run any more: %v", pid, err)
	}
}
