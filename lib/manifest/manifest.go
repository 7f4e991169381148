// Package manifest is the file nixproc.json, which every profile of ours has
// beside the files of its process manager. It records what the plan of a later
// switch has to compare. It knows the form of the file, not how it comes about.
package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"nixproc/lib/manifestxml"
	"nixproc/lib/model"
)

// FileName of the manifest, in the profile's top directory.
const FileName = "nixproc.json"

// Schema is the version of the form of a manifest.
const Schema = 1

// Digest identifies contents, in keys and beside the names of files.
func Digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Manifest describes a profile.
type Manifest struct {
	Schema     int              `json:"schema"`
	Manager    string           `json:"manager"`
	Parameters model.Parameters `json:"parameters"`
	Processes  []Process        `json:"processes"`
}

// Process describes one process of a profile.
type Process struct {
	Name         string   `json:"name"`
	Attribute    string   `json:"attribute,omitempty"` // its name in the processes model
	Rank         int      `json:"rank"`                // above the ranks of all dependencies
	Dependencies []string `json:"dependencies,omitempty"`
	// Key is equal for two processes when the one may go on running in place of
	// the other: a digest of all that the process, or stopping it, depends on.
	Key string `json:"key"`
	// Files are the process's own files in the profile and their digests;
	// those that only say in which order processes start are not among them.
	Files      map[string]string          `json:"files"`
	Attributes map[string]json.RawMessage `json:"attributes,omitempty"` // port, dnsName, …
	Unit       json.RawMessage            `json:"unit,omitempty"`       // what the process manager's package needs
	// Readiness is how it shows that it can be used; nil if nothing is said.
	Readiness *model.Readiness `json:"readiness,omitempty"`
	// Foreign says that somebody else's package brought the files, and that the
	// key was read from them.
	Foreign bool `json:"foreign,omitempty"`
}

// Read reads the manifest of a profile. A profile without one, which the
// framework before this made, gives nil and no error.
func Read(profile string) (*Manifest, error) {
	tree, err := Tree(profile)
	if err != nil || tree == "" {
		return nil, err
	}
	file := filepath.Join(tree, FileName)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", file, err)
	}
	if m.Schema > Schema {
		return nil, fmt.Errorf("%s was made by a newer command (schema %d, this command reads %d): upgrade the command", file, m.Schema, Schema)
	}
	if m.Schema < 1 || m.Manager == "" {
		return nil, fmt.Errorf("%s is no manifest of nixproc: it names no schema, or no process manager", file)
	}
	return &m, nil
}

// Tree is the directory with the files of a profile. A profile for Disnix is a
// file, its manifest, which names that directory; "" if it names none.
func Tree(profile string) (string, error) {
	if info, err := os.Stat(profile); err != nil || info.IsDir() {
		return profile, nil // who reads it says what is wrong
	}
	return manifestxml.ProfileOf(profile)
}

// Encode gives the bytes of the manifest's file.
func (m Manifest) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", " ")
	return append(data, '\n'), err
}
