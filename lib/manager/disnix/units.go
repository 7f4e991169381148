package disnix

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
	"nixproc/lib/manifestxml"
	"nixproc/lib/shellvars"
)

// Unit is what the manifest of a profile says of a process, beyond what it says
// of every process.
type Unit struct {
	Service string `json:"service"` // key in Disnix's manifest
	Package string `json:"package"` // store path
	Program string `json:"program,omitempty"`
	Log     string `json:"log,omitempty"`
	User    string `json:"user,omitempty"`
	Certain bool   `json:"certain,omitempty"` // the process can't run without its pid file
	// Supervised says that the pid file is there just as long as the process.
	Supervised bool `json:"supervised,omitempty"`
}

// Units reads the processes of a manifest of Disnix: from the manifest of ours in
// the profile that it names, or, where Disnix's own functions made it, from what
// it says itself. As for Disnix, a process has changed when its service has
// another key: another package, or one that depends on another package.
func (Manager) Units(profile string) ([]manager.Unit, error) {
	var problem error
	units, err := manager.ReadUnits(profile, Scan, func(unit *manager.Unit, _ manifest.Process, own Unit) {
		what, err := properties(own.Package)
		if err != nil && problem == nil {
			problem = fmt.Errorf("process '%s': %w", unit.Name, err)
		}
		unit.File, unit.PIDFile = what.file, what.pidFile
		unit.PIDFileCertain = own.Certain && what.named
		unit.Key, unit.Files = own.Service, "" // the key tells of the files, too
		unit.Program, unit.User, unit.Log = own.Program, own.User, own.Log
		unit.Wanted = true
		unit.Own = own
	})
	return units, errors.Join(err, problem)
}

// Scan reads the processes of a manifest of Disnix that no manifest of ours goes
// with.
func Scan(profile string) ([]manifest.Process, error) {
	m, err := manifestxml.Read(profile)
	if err != nil {
		return nil, err
	}
	names, ranks := map[string]string{}, map[string]int{}
	for _, s := range m.Services {
		names[s.Key] = s.Name
	}
	// Each pass finds the rank of what depends on services of the one before.
	for pass := 0; pass < len(m.Services); pass++ {
		for _, s := range m.Services {
			for _, key := range s.DependsOn {
				ranks[s.Key] = max(ranks[s.Key], ranks[key]+1)
			}
		}
	}
	var found []manifest.Process
	for _, s := range m.Services {
		if !s.Active {
			continue
		}
		if s.Type != manifestxml.Process {
			return nil, fmt.Errorf("%s: the service '%s' is of type %s, not a process: deploy it with Disnix itself", profile, s.Name, s.Type)
		}
		unit, err := json.Marshal(Unit{Service: s.Key, Package: s.Package, Certain: true})
		if err != nil {
			return nil, err
		}
		process := manifest.Process{Name: s.Name, Rank: ranks[s.Key], Key: s.Key, Unit: unit}
		for _, key := range s.DependsOn {
			process.Dependencies = append(process.Dependencies, names[key])
		}
		found = append(found, process)
	}
	return found, nil
}

// ScanPackage reads what the package of a process has for Dysnomia.
func ScanPackage(tree, name string) (manifest.Process, error) {
	process := manifest.Process{Name: name, Files: map[string]string{}}
	what, err := properties(tree)
	if err != nil || what.file == tree {
		return process, err
	}
	content, err := os.ReadFile(what.file)
	if err != nil {
		return process, err
	}
	process.Files[strings.TrimPrefix(what.file, tree+"/")] = manifest.Digest(content)
	return process, nil
}

// property is what a package says of its process.
type property struct {
	file    string // that says it; the package itself if none does
	pidFile string // "" if nothing tells it
	named   bool   // the package names the pid file
	program string // that starts it; "" if nothing tells it
	oneWord bool   // it may have blanks in it
}

// properties reads the file of a package that names its program and its pid file,
// as Dysnomia's module "process" does. Without a file, that runs the only program
// in the package's bin, and looks for a pid file with the program's name.
func properties(pkg string) (property, error) {
	found := property{file: pkg}
	dir := filepath.Join(pkg, "etc/dysnomia/process")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	var values map[string]string
	if len(entries) > 0 {
		found.file = filepath.Join(dir, entries[0].Name())
		data, err := os.ReadFile(found.file)
		if err != nil {
			return found, err
		}
		if values, err = shellvars.Parse(string(data)); err != nil {
			return found, fmt.Errorf("%s: %w", found.file, err)
		}
	}
	found.pidFile = values["pidFile"]
	found.named = found.pidFile != ""
	found.program = values["process"]
	_, found.oneWord = values["IFS"]
	if bins, err := os.ReadDir(filepath.Join(pkg, "bin")); found.program == "" && err == nil && len(bins) == 1 {
		found.program, found.oneWord = filepath.Join(pkg, "bin", bins[0].Name()), true
	}
	if !found.named && found.program != "" {
		found.pidFile = filepath.Join(usualPIDFiles, filepath.Base(found.program)+".pid")
	}
	return found, nil
}

// usualPIDFiles is where Dysnomia looks for the file of a process that names none.
const usualPIDFiles = "/var/run"
