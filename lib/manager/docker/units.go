package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
)

// Unit is what the manifest of a profile says of a container, beyond what it
// says of every process. The rest stands in the files of the container, which a
// person or postInstall may have written.
type Unit struct {
	AsCaller bool `json:"asCaller,omitempty"`

	image, tag  string
	parameters  []string // of docker create
	stopTimeout int      // seconds
}

// usualStopTimeout is docker's own: who has to write something down can.
const usualStopTimeout = 10

// The files of a process are called by its name and one of these.
const (
	settingsFile   = "-docker-settings"
	parametersFile = "-docker-createparams"
	priorityFile   = "-docker-priority"
)

func of(unit manager.Unit) Unit {
	own, _ := unit.Own.(Unit)
	return own
}

// Units reads the containers of a profile: which there are, from its manifest,
// or, where the framework before this built it, from its files.
func (Manager) Units(profile string) ([]manager.Unit, error) {
	var problems []error
	units, err := manager.ReadUnits(profile, Scan, func(unit *manager.Unit, process manifest.Process, own Unit) {
		problems = append(problems, own.read(profile, process.Name))
		unit.File = filepath.Join(profile, process.Name+settingsFile)
		unit.Wanted = true
		unit.Own = own
	})
	return units, errors.Join(append(problems, err)...)
}

// read fills in what the files of a container say.
func (u *Unit) read(tree, name string) error {
	settings, err := os.ReadFile(filepath.Join(tree, name+settingsFile))
	if err != nil {
		return err
	}
	parameters, err := os.ReadFile(filepath.Join(tree, name+parametersFile))
	if err != nil {
		return err
	}
	u.stopTimeout = usualStopTimeout
	for line := range strings.Lines(string(settings)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "dockerImage":
			u.image = value
		case "dockerImageTag":
			u.tag = value
		case "dockerStopTimeout":
			if u.stopTimeout, err = strconv.Atoi(value); err != nil || u.stopTimeout < 0 {
				return fmt.Errorf("%s: dockerStopTimeout is %q, where a number of seconds is due", name+settingsFile, value)
			}
		}
	}
	if u.image == "" || u.tag == "" {
		return fmt.Errorf("%s lacks dockerImage or dockerImageTag", filepath.Join(tree, name+settingsFile))
	}
	// An empty line is what the older tools write for no parameter.
	u.parameters = slices.DeleteFunc(strings.Split(string(parameters), "\n"), func(line string) bool { return line == "" })
	return nil
}

// Scan reads the files *-docker-settings in a tree that has no manifest. The key
// of a container is what its files say but for its place in the order.
func Scan(tree string) ([]manifest.Process, error) {
	entries, err := os.ReadDir(tree)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ranks := map[string]int{}
	for _, entry := range entries {
		if ordered, ok := strings.CutSuffix(entry.Name(), priorityFile); ok {
			number, name, _ := strings.Cut(ordered, "-")
			if priority, err := strconv.Atoi(number); err == nil && priority > 0 {
				ranks[name] = priority - 1
			}
		}
	}
	var found []manifest.Process
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), settingsFile)
		if !ok {
			continue
		}
		process := manifest.Process{Name: name, Rank: ranks[name], Files: map[string]string{}, Unit: json.RawMessage("{}")}
		all := sha256.New()
		for _, file := range []string{name + settingsFile, name + parametersFile} {
			content, err := os.ReadFile(filepath.Join(tree, file))
			if err != nil {
				return nil, err
			}
			sum := sha256.Sum256(content)
			process.Files[file] = hex.EncodeToString(sum[:])
			all.Write(sum[:])
		}
		process.Key = hex.EncodeToString(all.Sum(nil))
		found = append(found, process)
	}
	return found, nil
}
