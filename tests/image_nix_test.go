package tests

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// In the Nix image, Nix works: here without docker, which would take long to load it.
func TestNixImage(t *testing.T) {
	t.Parallel()
	needsUnshare(t, "--pid", "--fork")
	d := newDeployment(t)
	i := readImage(t, d.imageExpression(fmt.Sprintf("import (/. + %s) { }", nixString(example(t, "nix-image/default.nix")))))
	root := t.TempDir()
	i.unpack(t, root)
	worksWithNix(t, func(words ...string) string {
		t.Helper()
		const script = `mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"
root=$1 env=$2; shift 2
exec env -i HOME=/root $env "$(command -v chroot)" "$root" "$@"`
		r := d.program("unshare", append([]string{"--mount", "--pid", "--fork", "--propagation", "private", "sh", "-ec", script, "sh",
			root, strings.Join(i.config.Config.Env, " ")}, words...)...)
		if r.code != 0 {
			t.Fatalf("%q in the image: exit code %d\n%s%s", words, r.code, r.stdout, r.stderr)
		}
		return r.stdout
	})
}

// unpack writes the image's files, as root's, into a directory.
func (i *image) unpack(t *testing.T, root string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(i.files)) {
		f, at := i.files[name], filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(at), 0o755)
		switch f.Typeflag {
		case tar.TypeDir:
			err = errors.Join(err, os.MkdirAll(at, 0o755))
		case tar.TypeSymlink:
			err = errors.Join(err, os.Symlink(f.Linkname, at))
		default:
			err = errors.Join(err, os.WriteFile(at, f.data, 0o644), os.Chmod(at, fs.FileMode(f.Mode)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"proc", "dev"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// The template of a model is right with what it has in comments.
func TestProcessesTemplate(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.env = append(d.env, "NIX_PATH=nixpkgs="+filepath.Join(checkoutPath(t), "nixproc/hostpkgs")+":nix-processmgmt="+checkoutPath(t))
	template := read(t, "../nixproc/create-image-from-steps/processes-template.nix")
	for want, model := range map[string]string{
		"hello": d.write("hello.nix", strings.ReplaceAll(template, "  # ", "  ")),
		"":      d.write("none.nix", template),
	} {
		r := d.nixproc("plan", "-P", "sysvinit", "--runlevel=3", model)
		if r.code != 0 || !strings.Contains(r.stdout, want) || strings.Contains(r.stdout, "hello") != (want != "") {
			t.Errorf("%s: exit code %d\n%s%s", model, r.code, r.stdout, r.stderr)
		}
	}
}

// The database of Nix in an image is the same each time.
func TestNixDatabase(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("patchelf", "sqlite", "nix")
	pkgs := selfContainedPackages(t)
	bash := d.store.build(t, pkgs+".bash")
	closure, err := d.store.nix(nil, "nix-store", "--query", "--requisites", bash)
	if err != nil {
		t.Fatal(err)
	}
	registration, err := d.store.nix(nil, "nix-store", append([]string{"--dump-db"}, strings.Fields(closure)...)...)
	if err != nil {
		t.Fatal(err)
	}
	file := d.write("registration", registration+"\n")
	expression := fmt.Sprintf(`import %s { pkgs = %s; } (builtins.path { path = /. + %s; name = "registration"; })`,
		frameworkOf(t, "create-image-from-steps/nix-database.nix"), pkgs, nixString(file))
	database := d.store.build(t, expression)
	// It would have other times after a second.
	time.Sleep(time.Second)
	if again := d.store.build(t, expression, "--check"); again != database {
		t.Errorf("the second build is %s, not %s", again, database)
	}
	state := d.path("state", "db")
	if err := os.MkdirAll(state, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"db.sqlite", "schema"} {
		if err := os.WriteFile(filepath.Join(state, name), []byte(read(t, database, name)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.store.nix([]string{"NIX_STATE_DIR=" + d.path("state")}, "nix-store", "--query", "--requisites", bash)
	if err != nil || got != closure {
		t.Errorf("with the database, %s needs\n%s(%v), want\n%s", bash, got, err, closure)
	}
}

// worksWithNix builds, installs and collects garbage, with a function that runs a
// command in a container.
func worksWithNix(t *testing.T, in func(words ...string) string) {
	t.Helper()
	const nixExpression = `with import <nixpkgs> { }; runCommand "built" { } "echo in the container | sed 's/in/within/' >$out"`
	if got := in("sh", "-c", `cat $(nix-build --no-out-link -E "$1")`, "sh", nixExpression); got != "within the container\n" {
		t.Errorf("nix-build gives %q", got)
	}
	in("nix-env", "-f", "<nixpkgs>", "-iA", "bash")
	if got := in("sh", "-c", `readlink -f "$(command -v bash)" && nix-env -q`); !strings.HasSuffix(got, "/bin/bash\nbash\n") {
		t.Errorf("nix-env has installed %q", got)
	}
	in("nix-collect-garbage")
	in("nix-store", "--verify", "--check-contents")
}
