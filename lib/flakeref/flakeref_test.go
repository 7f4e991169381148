package flakeref

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{
		".#web": true, "#web": true, ".#": true, "path:.": true, "path:/a#b": true, "github:a/b": true,
		"git+https://x/y": true, "git+file:///x": true, "https://x/y.tar.gz": true, "flake:x": true, "models#web": true,
		".": false, "processes.nix": false, "./result": false, "a:b": false, "githubby:x": false, "": false,
	} {
		if Is(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

func TestAttributePath(t *testing.T) {
	for fragment, want := range map[string][]string{
		"":                {"default"},
		"web":             {"web"},
		"processes.web":   {"processes", "web"},
		`a."b.c".d`:       {"a", "b.c", "d"},
		`a."".b`:          {"a", "", "b"},
		`""`:              {""},
		`"two words".x-y`: {"two words", "x-y"},
		"a%20b":           {"a b"},
	} {
		if got, err := attributePath(fragment); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q and %v, want %q", fragment, got, err, want)
		}
	}
	for _, fragment := range []string{".", "a.", ".a", "a..b", `"a`, `a."b`, "%zz"} {
		if got, err := attributePath(fragment); err == nil {
			t.Errorf("%q: got %q and no error", fragment, got)
		}
	}
}

// What a reference means depends on where the flake, and the checkout of Git, is.
func TestParse(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{
		"plain/flake.nix", "a folder/flake.nix", "plain/empty/x", "git/.git/HEAD", "git/flake.nix", "git/sub/deep/x",
		"git/own/flake.nix", "a checkout/.git/HEAD", "a checkout/flake.nix", "shallow/.git/shallow", "shallow/flake.nix",
		"worktree/.git", "worktree/flake.nix", "bare/.git/HEAD",
	} {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("plain", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(root, name) }
	for _, c := range []struct {
		in, text string
		want     Ref    // without text and attribute
		message  string // of the error
	}{
		{"plain", ".#x", Ref{Tree: at("plain"), Root: at("plain")}, ""},
		{"plain", "#x", Ref{Tree: at("plain"), Root: at("plain")}, ""},
		{"plain/empty", "..#x", Ref{Tree: at("plain"), Root: at("plain")}, ""},
		{"plain/empty", ".#x", Ref{}, "there is no flake.nix in " + at("plain/empty")},
		{"plain", "path:.", Ref{Tree: at("plain"), Root: at("plain")}, ""},
		{"plain", "path:../a folder#x", Ref{Tree: at("a folder"), Root: at("a folder")}, ""},
		{".", "a folder#x", Ref{Tree: at("a folder"), Root: at("a folder")}, ""},
		{".", "./link#x", Ref{Tree: at("plain"), Root: at("plain")}, ""},
		{".", at("plain") + "#x", Ref{Tree: at("plain"), Root: at("plain")}, ""},
		{"git", ".#x", Ref{URL: "git+file://" + at("git"), Root: at("git"), Git: true}, ""},
		{"git/sub/deep", ".#x", Ref{URL: "git+file://" + at("git"), Root: at("git"), Git: true}, ""},
		{"git", "./own#x", Ref{URL: "git+file://" + at("git") + "?dir=own", Root: at("git"), Dir: "own", Git: true}, ""},
		{"git", ".?dir=own#x", Ref{URL: "git+file://" + at("git") + "?dir=own", Root: at("git"), Dir: "own", Git: true}, ""},
		{"git", ".?submodules=1#x", Ref{URL: "git+file://" + at("git") + "?submodules=1", Root: at("git"), Git: true}, ""},
		{"git", "path:.?dir=own#x", Ref{Tree: at("git"), Root: at("git"), Dir: "own"}, ""},
		{"shallow", ".#x", Ref{URL: "git+file://" + at("shallow") + "?shallow=1", Root: at("shallow"), Git: true}, ""},
		{"worktree", ".#x", Ref{URL: "git+file://" + at("worktree"), Root: at("worktree"), Git: true}, ""},
		{"a checkout", ".#x", Ref{Root: at("a checkout"), Git: true}, ""},
		{"bare", ".#x", Ref{}, "there is no flake.nix in " + at("bare")},
		{"plain", ".?ref=x#x", Ref{}, "is for checkouts of Git"},
		{"plain", "./nonsuch#x", Ref{}, "nonsuch does not exist"},
		{"plain", "./flake.nix#x", Ref{}, "flake.nix is no directory"},
		{"plain", "github:a/b?ref=c#x", Ref{URL: "github:a/b?ref=c"}, ""},
		{"plain", "github:a/b?dir=c/d#x", Ref{URL: "github:a/b?dir=c/d", Dir: "c/d"}, ""},
		{"plain", "models/v1#x", Ref{URL: "models/v1"}, ""},
		{"plain", "path:/x?narHash=y#x", Ref{URL: "path:/x?narHash=y"}, ""},
		{"plain", `.#a."b`, Ref{}, "a quote is missing"},
	} {
		t.Chdir(at(c.in))
		got, err := Parse(c.text)
		if c.message != "" {
			if err == nil || !strings.Contains(err.Error(), c.message) || !strings.HasPrefix(err.Error(), c.text) {
				t.Errorf("%s in %s: got the error %v, want %q", c.text, c.in, err, c.message)
			}
			continue
		}
		c.want.Text, c.want.Attribute = c.text, got.Attribute
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s in %s:\ngot  %+v, %v\nwant %+v", c.text, c.in, got, err, c.want)
		}
	}
}
