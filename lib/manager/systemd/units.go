package systemd

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
)

// Directory of the unit files in a profile.
const Directory = "etc/systemd/system"

// Prefix of the names of units, if a model does not say otherwise.
const Prefix = "nix-process-"

// Unit is what the manifest of a profile says of a unit, beyond what it says of
// every process.
type Unit struct {
	File    string `json:"unit"` // path in the profile
	PIDFile string `json:"pidFile,omitempty"`
	User    string `json:"user,omitempty"`
}

// Units reads the units of a profile: from its manifest, or, where the framework
// before this built it, from the unit files themselves.
func (*Manager) Units(profile string) ([]manager.Unit, error) {
	return manager.ReadUnits(profile, Scan, func(unit *manager.Unit, process manifest.Process, own Unit) {
		unit.File = filepath.Join(profile, own.File)
		unit.PIDFile, unit.User, unit.Wanted = own.PIDFile, own.User, true
		unit.Installs = []string{unit.File}
		for file := range process.Files {
			if file != own.File && path.Dir(file) == Directory && isUnit(file) {
				unit.Installs = append(unit.Installs, filepath.Join(profile, file))
			}
		}
		slices.Sort(unit.Installs[1:])
	})
}

func unitName(unit manager.Unit) string { return filepath.Base(unit.File) }

// namesOf are the units of one process that are started and stopped: its service
// and what else its package brought.
func namesOf(unit manager.Unit) []string {
	names := make([]string, len(unit.Installs))
	for i, file := range unit.Installs {
		names[i] = filepath.Base(file)
	}
	return names
}

// isUnit says whether a file is a unit of a kind that can be started
// (systemd.unit(5)), and no template, which can't.
func isUnit(file string) bool {
	kind := path.Ext(file)
	if strings.HasSuffix(strings.TrimSuffix(file, kind), "@") {
		return false
	}
	return slices.Contains([]string{".service", ".socket", ".timer", ".path", ".target", ".mount", ".automount", ".swap", ".slice"}, kind)
}

// Scan reads the units in a tree that has no manifest. A unit that is no service
// belongs to the service of the same name, or else to the only service.
func Scan(tree string) ([]manifest.Process, error) {
	return scanTree(tree, func(file string) (string, bool) {
		name, ok := strings.CutSuffix(path.Base(file), ".service")
		return strings.TrimPrefix(name, Prefix), ok && strings.HasPrefix(name, Prefix)
	})
}

// ScanPackage reads the units in the package of one process, of which the unit
// is known: all others are its own too.
func ScanPackage(tree, name string, unit json.RawMessage) ([]manifest.Process, error) {
	var known Unit
	if err := json.Unmarshal(unit, &known); err != nil {
		return nil, err
	}
	return scanTree(tree, func(file string) (string, bool) { return name, file == known.File })
}

// scanTree is told which files are the main units of processes, and of which.
func scanTree(tree string, processOf func(file string) (string, bool)) ([]manifest.Process, error) {
	entries, err := os.ReadDir(filepath.Join(tree, Directory))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []manifest.Process
	var others []string
	for _, entry := range entries {
		file := path.Join(Directory, entry.Name())
		if name, ok := processOf(file); ok {
			one, err := scan(tree, file, name)
			if err != nil {
				return nil, err
			}
			found = append(found, one)
		} else if isUnit(file) {
			others = append(others, file)
		}
	}
	for _, file := range others {
		if err := attach(&found, tree, file); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func attach(found *[]manifest.Process, tree, file string) error {
	stem := strings.TrimPrefix(strings.TrimSuffix(path.Base(file), path.Ext(file)), Prefix)
	at := slices.IndexFunc(*found, func(p manifest.Process) bool { return p.Name == stem })
	if at < 0 && len(*found) == 1 {
		at = 0
	}
	if at < 0 {
		one, err := scan(tree, file, path.Base(file))
		*found = append(*found, one)
		return err
	}
	content, err := os.ReadFile(filepath.Join(tree, file))
	if err != nil {
		return err
	}
	owner := &(*found)[at]
	owner.Files[file] = manifest.Digest(content)
	owner.Key = manifest.Digest([]byte(owner.Key + Key(string(content))))
	return nil
}

func scan(tree, file, name string) (manifest.Process, error) {
	content, err := os.ReadFile(filepath.Join(tree, file))
	if err != nil {
		return manifest.Process{}, err
	}
	own, err := json.Marshal(Unit{File: file})
	if err != nil {
		return manifest.Process{}, err
	}
	// As render's key of the same unit, so that what is the same goes on running.
	key, err := json.Marshal([]string{path.Base(file), Key(string(content))})
	if err != nil {
		return manifest.Process{}, err
	}
	return manifest.Process{Name: name, Key: manifest.Digest(key), Files: map[string]string{file: manifest.Digest(content)}, Unit: own}, nil
}
