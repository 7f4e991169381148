// Package suite runs suites of tests of services, each variant of a suite in a
// private machine: it deploys a model with a process manager, and runs Python
// statements against it. It knows in which order that is done and what has to
// hold then, not how the suites are evaluated, nor how machines come about.
package suite

import (
	"encoding/json"
	"fmt"
	"slices"
)

// schema is the version of the form in which nixproc/test-driver/here.nix writes
// suites.
const schema = 1

// Suite is what a call of testService in a file gave.
type Suite struct {
	Schema         int        `json:"nixprocSuite"`
	Name           string     `json:"name"`
	HasNixosConfig bool       `json:"hasNixosConfig"` // it is for virtual machines alone
	Variants       []*Variant `json:"variants"`
}

// Variant is a suite for a profile, which says who deploys, and a process manager.
type Variant struct {
	Suite   string `json:"-"`
	Profile string `json:"profile"` // privileged, unprivileged
	Manager string `json:"processManager"`
	Wrong   bool   `json:"wrong"` // it can't be evaluated; all else is empty then

	Path         []string `json:"path"`       // directories of programs that its statements run
	DeployArgs   []string `json:"deployArgs"` // options of the command that deploys
	StateDir     string   `json:"stateDir"`
	RuntimeDir   string   `json:"runtimeDir"`
	Unprivileged bool     `json:"unprivileged"`

	System  Built    `json:"system"`  // the profile of the model
	Empty   Built    `json:"empty"`   // and one without processes
	Changed *Changed `json:"changed"` // nil if no process can be changed
	Host    *Host    `json:"host"`    // nil where the process manager is there already

	InitialTests string `json:"initialTests"` // Python statements
	Readiness    []Part `json:"readiness"`
	Tests        []Part `json:"tests"`
	PostTests    string `json:"postTests"`

	// Skip is why it can't be run here; "" if it can.
	Skip string `json:"-"`
	// Problem is why its statements can't be run anywhere; "" if they can.
	Problem string `json:"-"`
}

// Built is a profile.
type Built struct {
	Path       string `json:"path"`
	Derivation string `json:"derivation"`
}

// Changed is the profile of the model with one process changed.
type Changed struct {
	Process string `json:"process"`
	System  Built  `json:"system"`
}

// Host is the profile of a process manager, which init scripts start.
type Host struct {
	System       Built    `json:"system"`
	DeployArgs   []string `json:"deployArgs"`
	Unprivileged bool     `json:"unprivileged"`
	Port         int      `json:"port"`  // that it listens on; 0 for none
	Ready        string   `json:"ready"` // a Python statement that waits until it can be used
}

// Part are the statements for one process.
type Part struct {
	Instance string `json:"instanceName"`
	Text     string `json:"text"`
}

// name says, for people, which statements these are of those for the same purpose.
func (p Part) name(purpose string) string {
	if p.Instance == "" {
		return purpose
	}
	return purpose + " of " + p.Instance
}

// Name of a variant, for people.
func (v *Variant) Name() string { return v.Suite + " " + v.Profile + " " + v.Manager }

// Parse reads the suites that an evaluation gave.
func Parse(data []byte) ([]Suite, error) {
	var suites []Suite
	if err := json.Unmarshal(data, &suites); err != nil {
		return nil, fmt.Errorf("the evaluated suites can't be read: %w", err)
	}
	seen := map[string]bool{}
	for _, s := range suites {
		if s.Schema != schema {
			return nil, fmt.Errorf("suite '%s' comes from Nix files of another version (schema %d, this command reads %d): upgrade the older of the two", s.Name, s.Schema, schema)
		}
		for _, v := range s.Variants {
			v.Suite = s.Name
			if seen[v.Name()] {
				return nil, fmt.Errorf("there are two suites '%s': give each a name of its own", s.Name)
			}
			seen[v.Name()] = true
		}
	}
	return suites, nil
}

// Only leaves of the suites what was asked for, whatever they say themselves.
func Only(suites []Suite, profiles, managers []string) {
	for i := range suites {
		suites[i].Variants = slices.DeleteFunc(suites[i].Variants, func(v *Variant) bool {
			return !slices.Contains(profiles, v.Profile) || !slices.Contains(managers, v.Manager)
		})
	}
}
