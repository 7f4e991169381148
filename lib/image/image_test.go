package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, spec Spec) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := Write(spec, file); err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// unpack reads an archive with the standard library alone.
func unpack(t *testing.T, data []byte) (files map[string][]byte, headers map[string]*tar.Header) {
	t.Helper()
	files, headers = map[string][]byte{}, map[string]*tar.Header{}
	archive := tar.NewReader(bytes.NewReader(data))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, headers
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
		headers[header.Name] = header
	}
}

// contents reads what docker reads: https://github.com/moby/moby/blob/v20.10.24/image/spec/v1.2.md
func contents(t *testing.T, data []byte) (tags []string, config map[string]any, layer []byte, id string) {
	t.Helper()
	files, _ := unpack(t, data)
	var index []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &index); err != nil || len(index) != 1 || len(index[0].Layers) != 1 {
		t.Fatalf("%v in %s", err, files["manifest.json"])
	}
	if err := json.Unmarshal(files[index[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(files[index[0].Layers[0]]))
	if err != nil {
		t.Fatal(err)
	}
	if layer, err = io.ReadAll(unpacked); err != nil {
		t.Fatal(err)
	}
	return index[0].RepoTags, config, layer, index[0].Config
}

var usual = Spec{Reference: "a:latest", Config: `{"Cmd":["a","b"],"Env":["A=1"]}`, Shell: "/store/sh", System: "x86_64-linux"}

func TestImage(t *testing.T) {
	t.Parallel()
	file := write(t, usual)
	data := read(t, file)
	tags, config, layer, id := contents(t, data)
	if !slices.Equal(tags, []string{"a:latest"}) || config["architecture"] != "amd64" || config["os"] != "linux" {
		t.Errorf("%q, %v", tags, config)
	}
	if again := read(t, write(t, usual)); !bytes.Equal(again, data) {
		t.Error("the same image has other bytes the second time")
	}
	files, headers := unpack(t, layer)
	if h := headers["tmp/"]; h == nil || h.Mode != 0o1777 {
		t.Errorf("tmp: %+v", h)
	}
	if h := headers["bin/sh"]; h == nil || h.Linkname != "/store/sh" {
		t.Errorf("bin/sh: %+v", h)
	}
	if !strings.HasPrefix(string(files["etc/passwd"]), "root:x:0:0:") || headers["etc/shadow"].Mode != 0o600 {
		t.Errorf("passwd: %s", files["etc/passwd"])
	}

	// The ID, also of a compressed archive.
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(data)
	w.Close()
	other := filepath.Join(t.TempDir(), "image.tar.gz")
	if err := os.WriteFile(other, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, one := range []string{file, other} {
		got, err := Read(one)
		if err != nil || !strings.Contains(id, strings.TrimPrefix(got.ID, "sha256:")) || len(got.ID) < 64 {
			t.Errorf("it is %+v, %v; the archive says %s", got, err, id)
		}
		for reference, want := range map[string]bool{"a:latest": true, "a": true, "a:1": false, "b": false, "A": false} {
			if got.Has(reference) != want {
				t.Errorf("it has the name %s: %v", reference, !want)
			}
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("an image that is not there has an ID")
	}
}

func TestImageRefuses(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		`{"Cdm":[]}`:           "unknown field",
		`{"Cmd":"a"}`:          "can't be read",
		`{"Env":["no sign"]}`:  `number 1 in Env is no variable`,
		`{"Env":["A=1","=x"]}`: `number 2 in Env is no variable`,
	} {
		if _, err := ParseConfig(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
	spec := usual
	spec.System = "x86_64-darwin"
	if err := Write(spec, filepath.Join(t.TempDir(), "image.tar")); err == nil || !strings.Contains(err.Error(), "x86_64-darwin") {
		t.Error(err)
	}
	for reference, ok := range map[string]bool{
		"-a.io/x": false, "a-.io/x": false, "a..io/x": false, "A.io:5000/x": true, "a:latest": true, "a_b-c.d:1": true, "A:latest": false, "a b:latest": false, "-a:latest": false, "a:": false, "a": true, "localhost:5000/b/c:1": true} {
		if err := CheckReference(reference); (err == nil) != ok {
			t.Errorf("%q: %v", reference, err)
		}
	}
}

// What is in a configuration is in the image, byte for byte.
func FuzzImage(f *testing.F) {
	for _, text := range []string{"", " a  b ", "100% $HOME", `it's "quoted" \n`, "<&>", "a\nb\r\t", "naïve – 日本語", strings.Repeat("x", 10000)} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, argument, value string) {
		given, err := json.Marshal(map[string][]string{"Cmd": {"a", argument}, "Env": {"A=" + value}})
		if err != nil {
			t.Fatal(err)
		}
		var want struct{ Cmd, Env []string }
		if err := json.Unmarshal(given, &want); err != nil {
			t.Fatal(err)
		}
		spec := usual
		spec.Config = string(given)
		_, config, _, _ := contents(t, read(t, write(t, spec)))
		inner := config["config"].(map[string]any)
		if got := inner["Cmd"].([]any)[1]; got != want.Cmd[1] {
			t.Errorf("the argument is %q, want %q", got, want.Cmd[1])
		}
		if got := inner["Env"].([]any)[0]; got != want.Env[0] {
			t.Errorf("the variable is %q, want %q", got, want.Env[0])
		}
	})
}
