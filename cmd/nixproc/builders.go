package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"nixproc/lib/model"
	"nixproc/lib/render"
)

// builders are what Nix runs this program as: the builders of the derivations
// that the Nix files make. They are no commands for people.
var builders = map[string]func() error{
	"build-profile": func() error {
		var attributes struct {
			Model model.Model `json:"model"`
		}
		out, err := structuredAttributes(&attributes)
		if err != nil {
			return err
		}
		return render.Build(attributes.Model, out)
	},
	"build-package": func() error {
		var attributes struct {
			Process model.Process `json:"process"`
		}
		out, err := structuredAttributes(&attributes)
		if err != nil {
			return err
		}
		return render.BuildPackage(attributes.Process, out)
	},
	"build-credentials": func() error {
		var attributes struct {
			Credentials model.Credentials `json:"credentials"`
		}
		out, err := structuredAttributes(&attributes)
		if err != nil {
			return err
		}
		return render.BuildCredentials(attributes.Credentials, out)
	},
	"build-config": func() error {
		var attributes struct {
			ConfigName string          `json:"configName"`
			Config     json.RawMessage `json:"config"`
		}
		out, err := structuredAttributes(&attributes)
		if err != nil {
			return err
		}
		return render.BuildConfig(attributes.ConfigName, attributes.Config, out)
	},
}

// structuredAttributes reads what Nix gives a builder whose derivation has
// __structuredAttrs: .attrs.json in the working directory (newer versions name
// it in NIX_ATTRS_JSON_FILE), with the outputs among the attributes.
func structuredAttributes(into any) (out string, err error) {
	file := os.Getenv("NIX_ATTRS_JSON_FILE")
	if file == "" {
		file = ".attrs.json"
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("this is a builder for Nix to run: %w", err)
	}
	var builtin struct {
		Outputs map[string]string `json:"outputs"`
	}
	if err := errors.Join(json.Unmarshal(data, &builtin), json.Unmarshal(data, into)); err != nil {
		return "", fmt.Errorf("%s can't be read: %w", file, err)
	}
	if builtin.Outputs["out"] == "" {
		return "", fmt.Errorf("%s names no output 'out'", file)
	}
	return builtin.Outputs["out"], nil
}
