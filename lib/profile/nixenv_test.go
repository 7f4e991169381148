package profile

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func setTime(t *testing.T, link string, when time.Time) {
	t.Helper()
	stamp := when.UTC().Format("2006-01-02T15:04:05Z")
	if out, err := exec.Command("touch", "-h", "-d", stamp, link).CombinedOutput(); err != nil {
		t.Fatalf("cannot set the time of a link: %v: %s", err, out)
	}
}

// nixEnv returns nix-env on a private store, or skips.
func nixEnv(t *testing.T) (stateDir string, run func(args ...string) (string, error)) {
	t.Helper()
	program, err := exec.LookPath("nix-env")
	if err != nil {
		t.Skip("nix-env is not on PATH")
	}
	root, err := os.MkdirTemp("/tmp", "np")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		exec.Command("chmod", "-R", "u+w", root).Run() // the store is read-only
		os.RemoveAll(root)
	})
	conf := "build-users-group =\nsandbox = false\nsubstitute = false\n"
	if err := os.Mkdir(root+"/etc", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root+"/etc/nix.conf", []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "NIX_STORE_DIR="+root+"/store", "NIX_STATE_DIR="+root+"/var/nix",
		"NIX_LOG_DIR="+root+"/var/log", "NIX_CONF_DIR="+root+"/etc", "HOME="+root, "NIX_REMOTE=", "PAGER=cat")
	return root + "/var/nix", func(args ...string) (string, error) {
		cmd := exec.Command(program, args...)
		if args[0] == "--add" {
			cmd = exec.Command("nix-store", args...)
		}
		cmd.Env = env
		cmd.WaitDelay = time.Second
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		timer := time.AfterFunc(60*time.Second, func() { cmd.Process.Kill() })
		defer timer.Stop()
		out, err := cmd.Output()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, stderr.String())
		}
		return string(out), err
	}
}

// What nix-env makes, we read; what we make, nix-env reads, and it lists and
// deletes the same.
func TestAgainstNixEnv(t *testing.T) {
	t.Parallel()
	state, nix := nixEnv(t)
	must := func(args ...string) string {
		t.Helper()
		out, err := nix(args...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(out, "\n")
	}
	source := t.TempDir()
	var paths []string
	for n := 1; n <= 6; n++ {
		file := filepath.Join(source, fmt.Sprintf("gen-%d", n))
		if err := os.WriteFile(file, []byte(file), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, must("--add", file))
	}
	profiles := map[string]Profile{}
	for _, name := range []string{"theirs", "ours"} {
		env := map[string]string{"NIX_STATE_DIR": state}
		p, err := Locate(name, func(k string) string { return env[k] }, 0, nil)
		if err != nil || !p.InsideStateDir() {
			t.Fatalf("got %+v, %v", p, err)
		}
		profiles[name] = p
	}
	theirs, ours := profiles["theirs"], profiles["ours"]
	for n, path := range paths {
		must("-p", theirs.Path(), "--set", path)
		next, err := ours.Next()
		if err != nil || next != n+1 || ours.Create(next, path) != nil || ours.Switch(next) != nil {
			t.Fatalf("cannot make generation %d: %d, %v", n+1, next, err)
		}
		for _, p := range profiles {
			setTime(t, p.Link(n+1), time.Now().AddDate(0, 0, 10*(n-5)).Add(-time.Hour))
		}
	}
	same := func(when string) {
		t.Helper()
		for name, p := range profiles {
			var got bytes.Buffer
			if err := p.WriteList(&got); err != nil {
				t.Fatal(err)
			}
			if want, err := nix("-p", p.Path(), "--list-generations"); err != nil || got.String() != want {
				t.Errorf("%s, profile %s: got\n%swant\n%s%v", when, name, got.String(), want, err)
			}
		}
		if a, b := numbers(t, ours), numbers(t, theirs); !reflect.DeepEqual(a, b) || at(t, ours) != at(t, theirs) {
			t.Errorf("%s: we have %v at %d, nix-env %v at %d", when, a, at(t, ours), b, at(t, theirs))
		}
	}
	same("new")
	if g, _, err := theirs.Current(); err != nil || g.Path != paths[5] {
		t.Errorf("got %+v, %v", g, err)
	}
	for _, spec := range []string{"2 99", "6", "25d", "+2"} {
		_, theirErr := nix(append([]string{"-p", theirs.Path(), "--delete-generations"}, strings.Fields(spec)...)...)
		_, ourErr := ours.Delete(spec, time.Now())
		if (theirErr == nil) != (ourErr == nil) {
			t.Errorf("%q: nix-env says %v, we say %v", spec, theirErr, ourErr)
		}
		same("after deleting " + spec)
	}
	must("-p", theirs.Path(), "--rollback")
	g, ok, err := ours.Before(at(t, ours))
	if err != nil || !ok || ours.Switch(g.Number) != nil {
		t.Fatalf("got %+v, %v, %v", g, ok, err)
	}
	same("after a rollback")
	must("-p", theirs.Path(), "--delete-generations", "old")
	if _, err := ours.Delete("old", time.Now()); err != nil {
		t.Error(err)
	}
	same("after deleting old ones")
}
