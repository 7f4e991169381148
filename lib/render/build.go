package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"nixproc/lib/accounts"
	"nixproc/lib/manifest"
	"nixproc/lib/model"
)

// Build writes the profile of a model to out, which it creates.
func Build(m model.Model, out string) error {
	if _, err := m.Validate(); err != nil {
		return err
	}
	profile, err := Render(m)
	if err != nil {
		return err
	}
	return profile.Write(out)
}

// Write writes the profile to out, which it creates. The packages that are to
// be merged have been built by now.
func (p *Profile) Write(out string) error {
	maps.Copy(p.Files, p.Common)
	merged := newMerger(p.Files)
	for _, merge := range p.Merges {
		found, err := merged.add(merge, p.Manifest.Manager)
		if err != nil {
			return fmt.Errorf("process '%s': %w", merge.Process, err)
		}
		p.Manifest.Processes = append(p.Manifest.Processes, found...)
	}
	p.sort()
	contents, err := p.Manifest.Encode()
	if err != nil {
		return err
	}
	p.Files[manifest.FileName] = File{Content: contents}
	shareRunlevels(p.Files)
	return p.Files.Write(out)
}

// BuildPackage writes the package of one process: its part of a profile.
func BuildPackage(p model.Process, settings map[string]json.RawMessage, out string) error {
	p.Attribute = p.Name
	if p.Sequence != nil {
		p.Floor = *p.Sequence
	}
	m := model.Model{Schema: model.Schema, Manager: p.Manager, Processes: []model.Process{p}, Settings: settings}
	if _, err := m.Validate(); err != nil {
		return err
	}
	profile, err := Render(m)
	if err != nil {
		return err
	}
	merged := newMerger(profile.Files)
	for _, merge := range profile.Merges {
		if _, err := merged.add(merge, p.Manager); err != nil {
			return err
		}
	}
	return profile.Files.Write(out)
}

// BuildCredentials writes the package of the accounts of a process.
func BuildCredentials(c model.Credentials, out string) error {
	files, err := accounts.FromProperties(c.Groups, c.Users).Files()
	if err != nil {
		return err
	}
	tree := Tree{}
	for path, content := range files {
		tree[path] = File{Content: []byte(content)}
	}
	// It shows what the package is for, also where no account is to be made.
	return errors.Join(tree.Write(out), os.MkdirAll(filepath.Join(out, "dysnomia-support"), 0o755))
}

// BuildConfig writes the agnostic configuration of a process, NAME.json, with
// every character as it is.
func BuildConfig(name string, config json.RawMessage, out string) error {
	var text bytes.Buffer
	if err := json.Compact(&text, config); err != nil {
		return err
	}
	return Tree{name + ".json": {Content: text.Bytes()}}.Write(out)
}
