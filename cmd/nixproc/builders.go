package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"nixproc/lib/image"
	"nixproc/lib/model"
	"nixproc/lib/network"
	"nixproc/lib/render"
)

// builders are what Nix runs this program as: the builders of the derivations
// that the Nix files make. They are no commands for people.
var builders = map[string]func() error{
	"build-profile":          builder(func(a attributes, out string) error { return render.Build(a.Model, out) }),
	"build-package":          builder(func(a attributes, out string) error { return render.BuildPackage(a.Process, a.Settings, out) }),
	"build-image":            builder(func(a attributes, out string) error { return image.Write(a.Image, out) }),
	"build-image-plan":       builder(func(a attributes, out string) error { return os.WriteFile(out, a.Plan, 0o444) }),
	"build-nix-registration": builder(func(a attributes, out string) error { return image.WriteRegistration(a.PlanFile, a.Closure, out) }),
	"assemble-image":         builder(func(a attributes, out string) error { return image.Assemble(a.PlanFile, a.Closure, a.Database, out) }),
	"build-disnix-manifest":  builder(func(a attributes, out string) error { return render.BuildDisnixManifest(a.Model, a.Target, out) }),
	"build-credentials":      builder(func(a attributes, out string) error { return render.BuildCredentials(a.Credentials, out) }),
	"build-config":           builder(func(a attributes, out string) error { return render.BuildConfig(a.ConfigName, a.Config, out) }),
	"build-service":          builder(buildService),
	"build-suites":           builder(func(a attributes, out string) error { return os.WriteFile(out, a.Suites, 0o444) }),
}

// attributes of a derivation; each kind has its own besides the outputs.
type attributes struct {
	Outputs     map[string]string          `json:"outputs"`
	Model       model.Model                `json:"model"`
	Process     model.Process              `json:"process"`
	Target      render.DisnixTarget        `json:"target"`
	Settings    map[string]json.RawMessage `json:"settings"`
	Credentials model.Credentials          `json:"credentials"`
	ConfigName  string                     `json:"configName"`
	Config      json.RawMessage            `json:"config"`
	Image       image.Spec                 `json:"image"`
	Plan        json.RawMessage            `json:"plan"`
	PlanFile    string                     `json:"planFile"`
	Closure     []image.StorePath          `json:"closure"`
	Database    string                     `json:"database"`
	Suites      json.RawMessage            `json:"suites"`
	Profile     string                     `json:"profile"`
}

// buildService makes the package of a service of a network: a link to its profile,
// which our module for Dysnomia deploys, in a place of its own.
func buildService(a attributes, out string) error {
	directory := filepath.Join(out, network.ServiceDir)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	return os.Symlink(a.Profile, filepath.Join(directory, filepath.Base(a.Profile)))
}

func builder(build func(a attributes, out string) error) func() error {
	return func() error {
		a, err := structuredAttributes()
		if err != nil {
			return err
		}
		return build(a, a.Outputs["out"])
	}
}

// structuredAttributes reads what Nix gives a builder whose derivation has
// __structuredAttrs: .attrs.json in the working directory, with the outputs
// among the attributes. NIX_ATTRS_JSON_FILE names it too, but in Nix 2.8 by its
// path outside the sandbox, so it comes second.
func structuredAttributes() (a attributes, err error) {
	file := ".attrs.json"
	data, err := os.ReadFile(file)
	if named := os.Getenv("NIX_ATTRS_JSON_FILE"); errors.Is(err, fs.ErrNotExist) && named != "" {
		file = named
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return a, fmt.Errorf("this is a builder for Nix to run: %w", err)
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return a, fmt.Errorf("%s can't be read: %w", file, err)
	}
	if a.Outputs["out"] == "" {
		return a, fmt.Errorf("%s names no output 'out'", file)
	}
	return a, nil
}
