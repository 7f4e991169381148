package s6rc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
)

// Sources is the directory of a profile in which each service has a directory
// with its definition, as s6-rc-compile reads them:
// https://skarnet.org/software/s6-rc/s6-rc-compile.html.
const Sources = "etc/s6/sv"

// Units reads the processes of a profile: from its manifest, or, where the
// framework before this built it, from the definitions themselves.
func (*Manager) Units(profile string) ([]manager.Unit, error) {
	var problems []error
	units, err := manager.ReadUnits(profile, Scan, func(unit *manager.Unit, _ manifest.Process, own Unit) {
		if len(own.Services) == 0 {
			problems = append(problems, fmt.Errorf("%s: process '%s' has no services", profile, unit.Name))
			return
		}
		for _, service := range own.Services {
			unit.Installs = append(unit.Installs, filepath.Join(profile, Sources, service.Name))
		}
		unit.File = unit.Installs[0]
		unit.PIDFile, unit.Program, unit.Log, unit.User = own.PIDFile, own.Program, own.Log, own.User
		unit.PIDFileCertain = own.PIDFile != ""
		unit.Requires = slices.Concat(unit.Requires, own.Needs)
		unit.Wanted = true
		unit.Own = own
	})
	return units, errors.Join(append(problems, err)...)
}

// DefaultBundle is the usual name of the bundle of all services, which is no
// process.
const DefaultBundle = "default"

// Scan reads the definitions in a tree that has no manifest. Services that are
// joined by a pipe with a name are one process of that name. Its key is what
// the definitions say, but for their dependencies, which say only in which order
// services start.
func Scan(tree string) ([]manifest.Process, error) {
	entries, err := os.ReadDir(filepath.Join(tree, Sources))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	definitions := map[string]map[string]string{}
	for _, entry := range entries {
		if info, err := os.Stat(filepath.Join(tree, Sources, entry.Name())); err != nil || !info.IsDir() {
			continue
		}
		if definitions[entry.Name()], err = readDefinition(filepath.Join(tree, Sources, entry.Name())); err != nil {
			return nil, err
		}
	}
	return processesOf(definitions)
}

// readDefinition gives the files of a definition, by their paths in it.
func readDefinition(dir string) (map[string]string, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	err = filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		if info, err := os.Stat(at); err == nil && info.IsDir() {
			files[name], err = os.Readlink(at) // data or env, by the path in the store
			return err
		}
		content, err := os.ReadFile(at)
		files[name] = string(content)
		return err
	})
	return files, err
}

// processesOf puts the services together that a pipe joins.
func processesOf(definitions map[string]map[string]string) ([]manifest.Process, error) {
	owner := map[string]string{} // service -> process
	for service, files := range definitions {
		if pipeline := strings.TrimSpace(files["pipeline-name"]); pipeline != "" && files["producer-for"] == "" {
			owner[service] = pipeline
			for _, producer := range words(files["consumer-for"]) {
				owner[producer] = pipeline
			}
		}
	}
	members := map[string][]string{}
	for service, files := range definitions {
		if service == DefaultBundle && strings.TrimSpace(files["type"]) == Bundle {
			continue
		}
		if owner[service] == "" {
			owner[service] = service
		}
		members[owner[service]] = append(members[owner[service]], service)
	}
	var found []manifest.Process
	for name, services := range members {
		slices.Sort(services)
		process, err := processOf(name, services, definitions, owner)
		if err != nil {
			return nil, err
		}
		found = append(found, process)
	}
	slices.SortFunc(found, func(a, b manifest.Process) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

func processOf(name string, services []string, definitions map[string]map[string]string, owner map[string]string) (manifest.Process, error) {
	process := manifest.Process{Name: name, Files: map[string]string{}}
	var unit Unit
	hash := sha256.New()
	for _, service := range services {
		files := definitions[service]
		kind := strings.TrimSpace(files["type"])
		unit.Services = append(unit.Services, Service{Name: service, Type: kind})
		if match := logDirectory.FindStringSubmatch(files["run"]); match != nil {
			unit.Log = match[1] + "/current"
		}
		if kind == Bundle {
			unit.Contents = words(files["contents"])
		}
		for _, needed := range slices.Concat(unit.Contents, words(files["producer-for"])) {
			if of := owner[needed]; of != "" && of != name {
				unit.Needs = append(unit.Needs, of)
			}
		}
		for _, file := range slices.Sorted(maps.Keys(files)) {
			if file == "dependencies" {
				for _, service := range words(files[file]) {
					if dependency := owner[service]; dependency != "" && dependency != name {
						process.Dependencies = append(process.Dependencies, dependency)
					}
				}
				continue
			}
			process.Files[path.Join(Sources, service, file)] = manifest.Digest([]byte(files[file]))
			fmt.Fprintf(hash, "%s/%s %s\n", service, file, manifest.Digest([]byte(files[file])))
		}
	}
	process.Key = hex.EncodeToString(hash.Sum(nil))
	var err error
	process.Unit, err = json.Marshal(unit)
	return process, err
}

// logDirectory is where the log services of the framework before this write to.
var logDirectory = regexp.MustCompile(`(?m)s6-log -d3 (/.*)$`)

func words(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	return found
}
