// Package model is the processes model in Go: what one evaluation of the user's
// expressions said, and what is wrong with it. It knows the form in which the
// Nix files of this project write it (nixproc/deployment.nix), but runs nothing
// and reads no files.
package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Schema is the version of the form of a model and of the specifications in it.
// This version and the one before are read.
const Schema = 1

// Model lists the processes that a profile is to consist of.
type Model struct {
	Schema     int        `json:"schema"`
	Manager    string     `json:"manager"` // sysvinit, systemd, …
	Parameters Parameters `json:"parameters"`
	Processes  []Process  `json:"processes"`
	// Settings are what is the same for all processes that one constructor
	// makes, by the keys that processes refer to it with.
	Settings map[string]json.RawMessage `json:"settings"`
	External []External                 `json:"external"`
	// DefaultBundleName is the name of s6-rc's bundle of all services, "" for
	// the usual one.
	DefaultBundleName string `json:"defaultBundleName"`
}

// Parameters are the deployment's directories and switches, as asked for by
// options and environment; nil where nothing was asked for.
type Parameters struct {
	StateDir   *string `json:"stateDir,omitempty"`
	RuntimeDir *string `json:"runtimeDir,omitempty"`
	LogDir     *string `json:"logDir,omitempty"`
	CacheDir   *string `json:"cacheDir,omitempty"`
	SpoolDir   *string `json:"spoolDir,omitempty"`
	LockDir    *string `json:"lockDir,omitempty"`
	LibDir     *string `json:"libDir,omitempty"`
	TmpDir     *string `json:"tmpDir,omitempty"`

	ForceDisableUserChange *bool `json:"forceDisableUserChange,omitempty"`
}

// Process is one attribute of the processes model. It has either a
// specification (Parameters), or a Tree that some other builder made, or both:
// then the tree is the rendered specification after postInstall.
type Process struct {
	Attribute  string                     `json:"attribute"`
	Problem    string                     `json:"problem"`    // why this is no process; all else is empty then
	Attributes map[string]json.RawMessage `json:"attributes"` // plain data beside pkg: port, dnsName, …
	Readiness  json.RawMessage            `json:"readiness"`  // see ParseReadiness

	Schema       int             `json:"schema"`
	Manager      string          `json:"manager"`
	Name         string          `json:"name"`
	Dependencies []string        `json:"dependencies"`
	Floor        int             `json:"floor"` // the rank is at least this
	Credentials  *Credentials    `json:"credentials"`
	Parameters   json.RawMessage `json:"parameters"` // what the renderer of the manager reads
	Settings     string          `json:"settings"`   // key in Model.Settings

	CredentialsTree string `json:"credentialsTree"` // store path, from an older createCredentials
	PostInstall     string `json:"postInstall"`     // shell
	Tree            string `json:"tree"`            // store path

	Foreign  bool `json:"foreign"`  // no specification: the tree is all there is
	Sequence *int `json:"sequence"` // of a package that is foreign (sysvinit), or built on its own
}

// External is a process that is not in the model, though one of it depends on
// it. It takes part in the order only.
type External struct {
	Name         string   `json:"name"`
	Dependencies []string `json:"dependencies"`
	Sequence     *int     `json:"sequence"`
}

// Credentials are the accounts that a process needs, name -> property -> text,
// with the properties of Dysnomia's group and user files.
type Credentials struct {
	Groups map[string]map[string]string `json:"groups"`
	Users  map[string]map[string]string `json:"users"`
}

// Parse reads a model from JSON. A process with text that is not UTF-8 becomes
// one with a problem, since JSON can't carry such text to the builder.
func Parse(data []byte) (Model, error) {
	var m Model
	if err := json.Unmarshal(data, &m); err != nil {
		return Model{}, fmt.Errorf("the evaluated model can't be read: %w", err)
	}
	if utf8.Valid(data) {
		return m, nil
	}
	var raw struct {
		Processes []json.RawMessage `json:"processes"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return Model{}, fmt.Errorf("the evaluated model can't be read: %w", err)
	}
	refused := false
	for i, process := range raw.Processes {
		if where, found := notUTF8(process); found {
			m.Processes[i] = Process{Attribute: m.Processes[i].Attribute, Problem: where + " that is not UTF-8"}
			refused = true
		}
	}
	if !refused {
		return Model{}, errors.New("the model has text that is not UTF-8 beside its processes: look at the directories")
	}
	return m, nil
}

// floor is the rank below which a process may not go, and whether it is the
// rank: a foreign package has its sequence number in its links already.
func (p Process) floor() (floor int, fixed bool) {
	if p.Foreign && p.Sequence != nil {
		return *p.Sequence, true
	}
	return p.Floor, false
}
