package image

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// planned is an image of a store of the test's own: its plan, and the closure.
type planned struct {
	plan    map[string]any
	file    string
	closure []StorePath
}

func newPlanned(t *testing.T) *planned {
	t.Helper()
	dir := t.TempDir()
	p := &planned{file: filepath.Join(dir, "hash-plan"), plan: map[string]any{
		"name": "localhost:5000/a/b", "tag": "1", "system": "x86_64-linux", "created": "1970-01-01T00:00:01Z",
		"config":   map[string]any{"Cmd": []string{"/bin/it"}, "ExposedPorts": map[string]any{"80/tcp": map[string]any{}}},
		"contents": []string{filepath.Join(dir, "hash-it")},
		"files":    map[string]any{"/etc/a": map[string]string{"text": "A"}},
	}}
	for _, name := range []string{"hash-it", "hash-lib"} {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(at, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "bin", name), []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
		p.closure = append(p.closure, StorePath{Path: at, NarSize: minOwn})
	}
	p.closure = append(p.closure, StorePath{Path: p.file})
	return p
}

// assemble writes the image to a new file.
func (p *planned) assemble(t *testing.T) (string, error) {
	t.Helper()
	data, err := json.Marshal(p.plan)
	if err == nil {
		err = os.WriteFile(p.file, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "hash-image.tar")
	return file, Assemble(p.file, slices.Clone(p.closure), "", file)
}

func (p *planned) mustAssemble(t *testing.T) string {
	t.Helper()
	file, err := p.assemble(t)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// onlyImage reads an archive and has the library check all digests in it.
func onlyImage(t *testing.T, file string) v1.Image {
	t.Helper()
	image, err := tarball.ImageFromPath(file, nil)
	if err == nil {
		err = validate.Image(image)
	}
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestAssemble(t *testing.T) {
	t.Parallel()
	p := newPlanned(t)
	file := p.mustAssemble(t)
	if again := p.mustAssemble(t); !bytes.Equal(read(t, file), read(t, again)) {
		t.Error("the same image has other bytes the second time")
	}
	image := onlyImage(t, file)
	layers, err := image.Layers()
	if err != nil || len(layers) != 3 {
		t.Fatalf("there are %d layers, %v; want two of store paths, and that of the files", len(layers), err)
	}
	about, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if about.Architecture != "amd64" || about.OS != "linux" || !about.Created.Equal(time.Unix(1, 0)) || !slices.Equal(about.Config.Cmd, []string{"/bin/it"}) || len(about.Config.ExposedPorts) != 1 || len(about.History) != 3 {
		t.Errorf("the configuration is %+v", about)
	}
	if archive, err := Read(file); err != nil || !archive.Has("localhost:5000/a/b:1") {
		t.Errorf("the archive is %+v, %v", archive, err)
	}

	// On top of another image, which may be compressed.
	above := newPlanned(t)
	above.plan["fromImage"], above.plan["tag"] = file, ""
	file = above.mustAssemble(t)
	if layers, err := onlyImage(t, file).Layers(); err != nil || len(layers) != 6 {
		t.Errorf("there are %d layers, %v; want three and three", len(layers), err)
	}
	if archive, err := Read(file); err != nil || !archive.Has("localhost:5000/a/b:hash") {
		t.Errorf("without a tag, the archive is %+v, %v", archive, err)
	}
}

func TestAssembleRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		attribute string
		value     any
		want      string
	}{
		{"created", "yesterday", `created is "yesterday", where a time such as 1970-01-01T00:00:01Z is due, or now`},
		{"system", "x86_64-darwin", "there are no images for the system x86_64-darwin"},
		{"config", map[string]any{"Cdm": []string{}}, `unknown field "Cdm"`},
		{"fromImage", "/nonexistent", "the image /nonexistent, from which this one is made, can't be read"},
		{"contents", []string{"/nonexistent"}, "stat /nonexistent: no such file or directory"},
		{"users", map[string]any{"a": map[string]string{"uid": "1", "group": "none"}}, "there is no group none"},
	} {
		p := newPlanned(t)
		p.plan[c.attribute] = c.value
		file, err := p.assemble(t)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.attribute, err, c.want)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s: there is an image all the same", c.attribute)
		}
	}
}

func TestCreatedNow(t *testing.T) {
	t.Parallel()
	p := newPlanned(t)
	p.plan["created"] = "now"
	about, err := onlyImage(t, p.mustAssemble(t)).ConfigFile()
	if err != nil || time.Since(about.Created.Time) > time.Hour {
		t.Errorf("it was created %s, %v", about.Created, err)
	}
}

// The layers of the directory are those of the archive, and its types are OCI's.
func TestLayout(t *testing.T) {
	t.Parallel()
	file := newPlanned(t).mustAssemble(t)
	dir := filepath.Join(t.TempDir(), "layout")
	if err := WriteLayout(file, "a/b:1", dir); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err == nil {
		err = validate.Index(index)
	}
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "a/b:1" {
		t.Fatalf("the index is %+v, %v", manifest, err)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	before := onlyImage(t, file)
	got, err := image.Manifest()
	want, err2 := before.Manifest()
	if err != nil || err2 != nil || len(got.Layers) != len(want.Layers) {
		t.Fatal(got, err, err2)
	}
	for i, layer := range got.Layers {
		if layer.Digest != want.Layers[i].Digest || layer.MediaType != "application/vnd.oci.image.layer.v1.tar+gzip" {
			t.Errorf("layer %d is %+v, and was %+v", i, layer, want.Layers[i])
		}
	}
	if got.MediaType != "application/vnd.oci.image.manifest.v1+json" || got.Config.MediaType != "application/vnd.oci.image.config.v1+json" || got.Config.Digest != want.Config.Digest {
		t.Errorf("the manifest is %+v", got)
	}
	if err := WriteLayout(filepath.Join(dir, "none"), "a", filepath.Join(dir, "b")); err == nil {
		t.Error("there is a layout of nothing")
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"a": true, "a/b_c": true, "localhost:5000/b/c": true, "example.org/b": true, "": false, "A": false, "a:1": false, "a b": false, "-a": false,
		"a/": false, strings.Repeat("a", 255): true, strings.Repeat("a", 256): false, strings.Repeat("a", 64): false, strings.Repeat("a", 63): true,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("the name %q: %v", name, err)
		}
	}
	for tag, ok := range map[string]bool{"1.0": true, "Test_x-y": true, "": false, ".a": false, "-a": false, "a:b": false, "a/b": false, strings.Repeat("a", 128): true, strings.Repeat("a", 129): false} {
		if err := CheckTag(tag); (err == nil) != ok {
			t.Errorf("the tag %q: %v", tag, err)
		}
	}
}
