package tests

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"testing"
)

// image is an archive for docker load, read by the standard library alone.
type image struct {
	tags   []string
	config struct {
		Config struct {
			Cmd, Env   []string
			Entrypoint []string
		} `json:"config"`
	}
	layers []imageLayer
	files  map[string]imageFile // by absolute path, as a container sees them
}

type imageLayer struct {
	digest string
	size   int // of what is sent to a registry
	paths  []string
}

type imageFile struct {
	*tar.Header
	data []byte
}

func readImage(t *testing.T, file string) *image {
	t.Helper()
	archive := map[string][]byte{}
	for _, f := range entriesOf(t, []byte(read(t, file))) {
		archive[f.Name] = f.data
	}
	var index []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(archive["manifest.json"], &index); err != nil || len(index) != 1 {
		t.Fatalf("%s is no archive of one image: %v", file, err)
	}
	i := &image{tags: index[0].RepoTags, files: map[string]imageFile{}}
	if err := json.Unmarshal(archive[index[0].Config], &i.config); err != nil {
		t.Fatal(err)
	}
	for _, name := range index[0].Layers {
		layer := imageLayer{digest: name, size: len(archive[name])}
		unpacked, err := gzip.NewReader(bytes.NewReader(archive[name]))
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(unpacked)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range entriesOf(t, data) {
			name := "/" + strings.TrimSuffix(f.Name, "/")
			layer.paths = append(layer.paths, name)
			i.files[name] = f
		}
		i.layers = append(i.layers, layer)
	}
	return i
}

func entriesOf(t *testing.T, data []byte) (entries []imageFile) {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, imageFile{header, data})
	}
}

// follow gives the path of what a path leads to within the image; "" if there is
// nothing.
func (i *image) follow(name string) string {
	for range 40 {
		at, rest := "/", strings.Split(strings.Trim(name, "/"), "/")
		again := false
		for n, component := range rest {
			at = path.Join(at, component)
			f, found := i.files[at]
			if !found {
				return ""
			}
			if f.Typeflag == tar.TypeSymlink {
				target := f.Linkname
				if !path.IsAbs(target) {
					target = path.Join(path.Dir(at), target)
				}
				name, again = path.Join(append([]string{target}, rest[n+1:]...)...), true
				break
			}
		}
		if !again {
			return at
		}
	}
	return ""
}

// describe is mode and owner of a path, and where a link leads to.
func (i *image) describe(name string) string {
	f, found := i.files[name]
	switch {
	case !found:
		return "nothing"
	case f.Typeflag == tar.TypeSymlink:
		return "-> " + f.Linkname
	}
	return fmt.Sprintf("%c %04o %d:%d", map[byte]rune{tar.TypeDir: 'd', tar.TypeReg: '-'}[f.Typeflag], f.Mode, f.Uid, f.Gid)
}

// makeImage makes an image of a model that has to succeed.
func (d *deployment) makeImage(name string, args ...string) *image {
	d.t.Helper()
	file := d.path(name + ".tar")
	r := d.nixproc(append([]string{"image", "-P", "supervisord", "-o", file}, args...)...)
	if r.code != 0 {
		d.t.Fatalf("image %q: exit code %d\n%s", args, r.code, r.stderr)
	}
	return readImage(d.t, file)
}

// imageOfSteps builds an image by the function for steps; its arguments, as text,
// are those of create-image-from-steps.nix without pkgs, but perhaps with it.
func imageOfSteps(t *testing.T, arguments string) (string, error) {
	t.Helper()
	s := newStore(t)
	binary, err := storedBinary()
	if err != nil {
		t.Fatal(err)
	}
	return s.nix([]string{"NIXPROC_BUILDER=" + binary}, "nix-build", "--no-out-link", "-E",
		fmt.Sprintf("let pkgs = import <nixpkgs> { }; framework = %s; in import (framework + \"/create-image-from-steps/create-image-from-steps.nix\") ({ inherit pkgs; } // %s)", frameworkOf(t, ""), arguments))
}

// exists says whether something is there.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
