package cygrunsrv

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
)

// Unit is what the manifest of a profile says of a service, beyond what it says
// of every process.
type Unit struct {
	Params  string `json:"params"` // path in the profile
	Service string `json:"service"`
	Log     string `json:"log,omitempty"`
	PIDFile string `json:"pidFile,omitempty"` // of the daemon that it stands for
	// Manual says that a person, or another service, starts it at boot.
	Manual bool `json:"manual,omitempty"`
	// Needs are the services that Windows starts before it.
	Needs []string `json:"needs,omitempty"`
}

// UnitOf reads what the manager has to know of a params file.
func UnitOf(file string, parameters []string) Unit {
	unit := Unit{Params: file, Service: strings.TrimSuffix(filepath.Base(file), Suffix)}
	unit.Log = "/var/log/" + unit.Service + ".log" // cygrunsrv's default
	given := options(parameters)
	unit.Needs = given["--dep"]
	for _, option := range []string{"--stdout", "--stderr"} {
		if values := given[option]; len(values) > 0 {
			unit.Log = values[len(values)-1]
		}
	}
	if values := given["--type"]; len(values) > 0 {
		unit.Manual = values[len(values)-1] == "manual"
	}
	return unit
}

// Units reads the services of a profile: from its manifest, or, where the
// framework before this built it, from the params files themselves.
func (Manager) Units(profile string) ([]manager.Unit, error) {
	units, err := manager.ReadUnits(profile, Scan, func(unit *manager.Unit, _ manifest.Process, own Unit) {
		unit.File = filepath.Join(profile, own.Params)
		unit.Log, unit.PIDFile = own.Log, own.PIDFile
		unit.Wanted = true
		unit.Own = own
	})
	rank(units)
	return units, err
}

// rank orders units by what they say themselves: of a package that the framework
// before this made, nothing else tells it.
func rank(units []manager.Unit) {
	at := make(map[string]int, len(units))
	for i, unit := range units {
		at[own(unit).Service] = i
	}
	for range units { // as deep as they can be; Windows has no cycles
		changed := false
		for i := range units {
			for _, service := range own(units[i]).Needs {
				needed, known := at[service]
				if !known {
					continue
				}
				if name := units[needed].Name; !slices.Contains(units[i].Requires, name) {
					units[i].Requires = append(units[i].Requires, name)
				}
				if units[i].Rank <= units[needed].Rank {
					units[i].Rank, changed = units[needed].Rank+1, true
				}
			}
		}
		if !changed {
			return
		}
	}
}

// Scan reads the params files in a tree that has no manifest.
func Scan(tree string) ([]manifest.Process, error) {
	return scan(tree, func(file string) string {
		return strings.TrimPrefix(strings.TrimSuffix(file, Suffix), Prefix)
	})
}

// ScanPackage reads the params files in the package of one process, of which one
// is known; all others are processes of their own.
func ScanPackage(tree, name string, unit json.RawMessage) ([]manifest.Process, error) {
	var known Unit
	if err := json.Unmarshal(unit, &known); err != nil {
		return nil, err
	}
	return scan(tree, func(file string) string {
		if file == known.Params {
			return name
		}
		return strings.TrimSuffix(file, Suffix)
	})
}

func scan(tree string, nameOf func(file string) string) ([]manifest.Process, error) {
	entries, err := os.ReadDir(tree)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []manifest.Process
	for _, entry := range entries {
		file := entry.Name()
		if !strings.HasSuffix(file, Suffix) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(tree, file))
		if err != nil {
			return nil, err
		}
		key, err := Key(content)
		if err != nil {
			return nil, err
		}
		unit, err := json.Marshal(UnitOf(file, Parameters(content)))
		if err != nil {
			return nil, err
		}
		found = append(found, manifest.Process{Name: nameOf(file), Key: key, Files: map[string]string{file: manifest.Digest(content)}, Unit: unit})
	}
	return found, nil
}
