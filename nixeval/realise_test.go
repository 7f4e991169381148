package nixeval

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nixproc/lib/run"
	"nixproc/lib/run/runtest"
)

// recordedStore puts the recorded derivations into a store of the test's own
// and gives their paths by name.
func recordedStore(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("NIX_STORE_DIR", filepath.Join(dir, "store"))
	if err := os.Mkdir(filepath.Join(dir, "store"), 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/derivations/*.drv")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded derivations: %v", err)
	}
	paths := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		path := filepath.Join(dir, "store", name)
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(data), "@dir@", dir)), 0o444); err != nil {
			t.Fatal(err)
		}
		_, short, _ := strings.Cut(strings.TrimSuffix(name, ".drv"), "-")
		paths[short] = path
	}
	return paths
}

// A binary cache is of use only for what is missing and what it may have.
func TestMissesSubstitutable(t *testing.T) {
	for _, c := range []struct {
		profile string
		built   []string // name, or name!output
		want    bool
	}{
		{"profile-empty", nil, false},
		{"profile-local", nil, false},
		{"profile-plain", nil, true},
		{"profile-plain", []string{"plain"}, false},
		{"profile-plain", []string{"plain!doc"}, true},
		{"profile-doc", []string{"plain"}, true},
		{"profile-doc", []string{"plain!doc"}, false},
		{"profile-structured", nil, true},
		{"profile-structured", []string{"plain-structured"}, false},
		// What is to be built here may need what a cache has.
		{"profile-through", nil, true},
		{"profile-through", []string{"plain"}, false},
		{"profile-through", []string{"through"}, false},
		// The same derivation, by way of two outputs.
		{"profile-both", []string{"plain"}, true},
		{"profile-both", []string{"plain", "plain!doc"}, false},
	} {
		t.Run(c.profile+" with "+strings.Join(c.built, " "), func(t *testing.T) {
			paths := recordedStore(t)
			for _, built := range c.built {
				name, output, given := strings.Cut(built, "!")
				if !given {
					output = "out"
				}
				drv, err := readDerivation(paths[name])
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(drv.Outputs[output].Path, nil, 0o444); err != nil {
					t.Fatal(err)
				}
			}
			drv, err := readDerivation(paths[c.profile])
			if err != nil {
				t.Fatal(err)
			}
			for range 20 { // the order of inputs is random
				if got := missesSubstitutable(drv, map[string]bool{}); got != c.want {
					t.Fatalf("%v, want %v", got, c.want)
				}
			}
		})
	}
}

func TestSubstitutable(t *testing.T) {
	paths := recordedStore(t)
	for name, want := range map[string]bool{
		"plain": true, "plain-structured": true, "local": false, "local-structured": false, "through": false, "profile-plain": false,
	} {
		drv, err := readDerivation(paths[name])
		if err != nil {
			t.Fatal(err)
		}
		if got := substitutable(drv); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// A derivation that can't be read is for Nix to complain about.
func TestMissingInputDerivation(t *testing.T) {
	paths := recordedStore(t)
	drv, err := readDerivation(paths["profile-local"])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(paths["local"]); err != nil {
		t.Fatal(err)
	}
	if !missesSubstitutable(drv, map[string]bool{}) {
		t.Error("nothing is said to be missing")
	}
}

// realiseWith runs Realise of profile-plain with a nix-store that does this.
func realiseWith(t *testing.T, answer func(context.Context, run.Command) (run.Result, error)) (notes string, err error) {
	t.Helper()
	paths := recordedStore(t)
	configure(t, "substituters = http://127.0.0.1:9", "", "")
	fake := runtest.New(t)
	fake.ExpectFunc("nix-store --realise", func(c run.Command) bool {
		return strings.HasPrefix(strings.Join(c.Args, " "), "nix-store --log-format internal-json --realise "+paths["profile-plain"]) &&
			strings.HasSuffix(strings.Join(c.Args, " "), " --option substitute false --add-root /root/link --indirect")
	}).Do(answer)
	var text strings.Builder
	err = Nix{Runner: fake, Notes: &text}.Realise(context.Background(), &Evaluation{Drv: paths["profile-plain"]}, "/root/link")
	return text.String(), err
}

func writeLog(t *testing.T, c run.Command, text string) {
	t.Helper()
	if err := os.WriteFile(c.Log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRealiseFails(t *testing.T) {
	failed := func(c run.Command, code int) error {
		return &run.Error{Command: c, Code: code, Tail: "@nix {…", Cause: errors.New("exit status")}
	}
	text := sample(t, "failing-build", "/d")
	notes, err := realiseWith(t, func(_ context.Context, c run.Command) (run.Result, error) {
		writeLog(t, c, text)
		return run.Result{}, failed(c, 1)
	})
	var build *BuildError
	if !errors.As(err, &build) || !strings.HasSuffix(build.Text, "-fails.drv' failed with exit code 3") || len(build.Log) != keptLogLines {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(notes, "no binary cache answers (127.0.0.1:9): building without one\n") || !strings.Contains(notes, "building '/d/store/") {
		t.Errorf("noted\n%s", notes)
	}

	_, err = realiseWith(t, func(_ context.Context, c run.Command) (run.Result, error) {
		writeLog(t, c, sample(t, "no-daemon", "/d"))
		return run.Result{}, failed(c, 1)
	})
	if err == nil || err.Error() != "Nix does not work here: cannot connect to socket at '/nonexistent': No such file or directory" {
		t.Errorf("got %v", err)
	}

	_, err = realiseWith(t, func(_ context.Context, c run.Command) (run.Result, error) {
		writeLog(t, c, text[:2000])
		return run.Result{}, &run.Error{Command: c, Code: -1, Canceled: true, Tail: "@nix {…", Cause: context.Canceled}
	})
	if err == nil || err.Error() != "interrupted: nix-store was stopped" {
		t.Errorf("got %v", err)
	}
}

// The text of our own expression is nothing to show, nor what Nix's messages
// look like.
func TestNixError(t *testing.T) {
	c := run.Command{Args: []string{"nix-instantiate", "-E", "# The one evaluation\n{ }"}}
	err := nixError("nix-instantiate", parseMessages(sample(t, "traces", "/d")+"something else\n"), &run.Error{Command: c, Code: -1, Signal: 9, Cause: errors.New("killed")})
	if bad := regexp.MustCompile(`@nix|The one`).FindString(err.Error()); bad != "" || !strings.Contains(err.Error(), "nix-instantiate was ended by signal 9") || !strings.Contains(err.Error(), "something else") {
		t.Errorf("got %v", err)
	}
	err = nixError("nix-store", nil, &run.Error{Command: c, Code: -1, Cause: exec.ErrNotFound})
	if !strings.HasPrefix(err.Error(), "nix-store is not on PATH: install") {
		t.Errorf("got %v", err)
	}
}
