package manager

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"nixproc/lib/manifest"
)

// ReadUnits reads the units of a profile: from its manifest, or, where the
// framework before this built it, by scan, from the files themselves. What only
// the manager knows of a process is in own, and fill puts it into the unit.
func ReadUnits[Own any](profile string, scan func(tree string) ([]manifest.Process, error), fill func(unit *Unit, process manifest.Process, own Own)) ([]Unit, error) {
	contents, err := manifest.Read(profile)
	if err != nil {
		return nil, err
	}
	var processes []manifest.Process
	if contents != nil {
		processes = contents.Processes
	} else if processes, err = scan(profile); err != nil {
		return nil, err
	}
	for i := range processes {
		processes[i].Foreign = processes[i].Foreign || contents == nil
	}
	units := make([]Unit, 0, len(processes))
	named := make(map[string]bool, len(processes))
	for _, process := range processes {
		if process.Name == "" || named[process.Name] {
			return nil, fmt.Errorf("%s: two processes are called %q, or one has no name", profile, process.Name)
		}
		named[process.Name] = true
		var own Own
		if err := json.Unmarshal(process.Unit, &own); err != nil {
			return nil, fmt.Errorf("%s: process '%s': %w", profile, process.Name, err)
		}
		unit := newUnit(process)
		fill(&unit, process, own)
		units = append(units, unit)
	}
	return units, nil
}

// newUnit takes over what a manifest says of every process, whatever its
// manager.
func newUnit(process manifest.Process) Unit {
	unit := Unit{
		Name:      process.Name,
		Attribute: process.Attribute,
		Rank:      process.Rank,
		Requires:  process.Dependencies,
		Key:       process.Key,
		Files:     filesDigest(process.Files),
		Foreign:   process.Foreign,
		Readiness: process.Readiness,
	}
	if len(process.Attributes) > 0 {
		unit.Attributes = make(map[string]any, len(process.Attributes))
		for name, value := range process.Attributes {
			unit.Attributes[name] = value
		}
	}
	return unit
}

func filesDigest(files map[string]string) string {
	hash := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(hash, "%s\x00%s\x00", path, files[path])
	}
	return hex.EncodeToString(hash.Sum(nil))
}
