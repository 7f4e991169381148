// Package image writes and reads images of containers: archives of the form
// that "docker load" takes, and the layout of OCI. Of images there are two kinds:
// those of single processes (Write) hold no more than what every container needs
// before the host's store is mounted; those of whole models (Assemble) have all in
// them. The package must not know what runs in a container, nor call any program.
package image

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Spec describes an image of a single process.
type Spec struct {
	Reference string `json:"reference"` // NAME:TAG
	Config    string `json:"config"`    // JSON, see ParseConfig
	Shell     string `json:"shell"`     // what /bin/sh leads to
	System    string `json:"system"`    // as Nix has it: x86_64-linux
}

// Label marks images of ours; its value is the image's reference.
const Label = "nixproc.image"

// ParseConfig reads the part of an image that says how its containers run, with
// the names of https://github.com/opencontainers/image-spec/blob/main/config.md.
// A field that nobody knows is an error.
func ParseConfig(text string) (v1.Config, error) {
	var config v1.Config
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return config, fmt.Errorf("the image's configuration can't be read: %w", err)
	}
	for i, variable := range config.Env {
		if at := strings.IndexByte(variable, '='); at < 1 {
			// It may be the value that somebody forgot the name of.
			return config, fmt.Errorf("the image's configuration: number %d in Env is no variable, which would be NAME=VALUE", i+1)
		}
	}
	return config, nil
}

// architectures of images, by the first word of Nix's systems.
var architectures = map[string]string{
	"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv6l": "arm", "armv7l": "arm",
	"powerpc64le": "ppc64le", "riscv64": "riscv64", "s390x": "s390x",
}

// Write writes the archive of an image to a new file. The same image gives the
// same bytes.
func Write(spec Spec, file string) error {
	tag, err := name.NewTag(spec.Reference)
	if err != nil {
		return err
	}
	config, err := ParseConfig(spec.Config)
	if err != nil {
		return err
	}
	if config.Labels == nil {
		config.Labels = map[string]string{}
	}
	config.Labels[Label] = spec.Reference
	processor, system, _ := strings.Cut(spec.System, "-")
	architecture, ok := architectures[processor]
	if !ok || system != "linux" {
		return fmt.Errorf("there are no images for the system %s", spec.System)
	}

	contents, err := layer(spec.Shell)
	if err != nil {
		return err
	}
	first, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(contents)), nil
	})
	if err != nil {
		return err
	}
	made, err := mutate.AppendLayers(empty.Image, first)
	if err != nil {
		return err
	}
	about, err := made.ConfigFile()
	if err != nil {
		return err
	}
	about = about.DeepCopy()
	about.Config, about.Architecture, about.OS = config, architecture, system
	if made, err = mutate.ConfigFile(made, about); err != nil {
		return err
	}
	return tarball.WriteToFile(file, tag, made)
}
