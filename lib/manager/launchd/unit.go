package launchd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manifest"
)

// Directory of the plists in a profile.
const Directory = "Library/LaunchDaemons"

// Prefix of the labels, if a model does not say otherwise.
const Prefix = "org.nixos."

// Unit is what the manifest of a profile says of a daemon, beyond what it says
// of every process.
type Unit struct {
	Plist string `json:"plist"` // path in the profile
	Label string `json:"label"`
	User  string `json:"user,omitempty"`
	// PIDFile of the daemon that it stands for, "" if it is the process itself.
	PIDFile string `json:"pidFile,omitempty"`
	Log     string `json:"log,omitempty"`
	// Activated says that it waits for something (a socket, a time, a path)
	// that starts it; MayEnd, that it may end well.
	Activated bool `json:"activated,omitempty"`
	MayEnd    bool `json:"mayEnd,omitempty"`
	// ExitTimeOut is how many seconds launchd gives it to end.
	ExitTimeOut int `json:"exitTimeOut,omitempty"`
}

// usualExitTimeOut is launchd's default.
const usualExitTimeOut = 20

// activators are the properties that start a daemon later than at its load.
var activators = []string{
	"LaunchEvents", "MachServices", "QueueDirectories", "Sockets", "StartCalendarInterval", "StartInterval", "StartOnMount", "WatchPaths", "inetdCompatibility",
}

// Activated says whether something else than its load starts a daemon.
func (p Properties) Activated() bool {
	return slices.ContainsFunc(activators, func(name string) bool { return p[name] != nil })
}

// UnitOf reads what the manager has to know of a plist.
func UnitOf(file string, p Properties) Unit {
	unit := Unit{Plist: file, Label: p.text("Label"), User: p.text("UserName"), ExitTimeOut: usualExitTimeOut}
	if unit.Label == "" {
		unit.Label = strings.TrimSuffix(path.Base(file), ".plist")
	}
	for _, name := range []string{"StandardErrorPath", "StandardOutPath"} {
		if log := p.text(name); unit.Log == "" && path.IsAbs(log) && log != os.DevNull {
			unit.Log = log
		}
	}
	keep, _ := p["KeepAlive"].(map[string]any)
	unit.Activated = p.Activated() && !p.is("RunAtLoad") && !p.is("KeepAlive")
	unit.MayEnd = p.Activated() || p.is("LaunchOnlyOnce") || keep["SuccessfulExit"] == false
	if seconds, isNumber := p["ExitTimeOut"]; isNumber {
		if _, err := fmt.Sscan(fmt.Sprint(seconds), &unit.ExitTimeOut); err != nil {
			unit.ExitTimeOut = usualExitTimeOut
		}
	}
	return unit
}

// Units reads the daemons of a profile: from its manifest, or, where the
// framework before this built it, from the plists themselves.
func (Manager) Units(profile string) ([]manager.Unit, error) {
	return manager.ReadUnits(profile, Scan, func(unit *manager.Unit, _ manifest.Process, own Unit) {
		unit.File = filepath.Join(profile, own.Plist)
		unit.Installs = []string{unit.File}
		unit.User, unit.Log, unit.PIDFile = own.User, own.Log, own.PIDFile
		unit.Wanted = true
		unit.Own = own
	})
}

// Scan reads the plists in a tree that has no manifest.
func Scan(tree string) ([]manifest.Process, error) {
	return scan(tree, func(file string) string {
		return strings.TrimPrefix(strings.TrimSuffix(path.Base(file), ".plist"), Prefix)
	})
}

// ScanPackage reads the plists in the package of one process, of which one is
// known; all others are processes of their own.
func ScanPackage(tree, name string, unit json.RawMessage) ([]manifest.Process, error) {
	var known Unit
	if err := json.Unmarshal(unit, &known); err != nil {
		return nil, err
	}
	return scan(tree, func(file string) string {
		if file == known.Plist {
			return name
		}
		return strings.TrimSuffix(path.Base(file), ".plist")
	})
}

func scan(tree string, nameOf func(file string) string) ([]manifest.Process, error) {
	entries, err := os.ReadDir(filepath.Join(tree, Directory))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []manifest.Process
	for _, entry := range entries {
		file := path.Join(Directory, entry.Name())
		if path.Ext(file) != ".plist" {
			continue
		}
		process, err := read(tree, file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(tree, file), err)
		}
		process.Name = nameOf(file)
		found = append(found, process)
	}
	return found, nil
}

func read(tree, file string) (manifest.Process, error) {
	content, err := os.ReadFile(filepath.Join(tree, file))
	if err != nil {
		return manifest.Process{}, err
	}
	properties, err := Parse(content)
	if err != nil {
		return manifest.Process{}, err
	}
	if !bytes.HasPrefix(content, []byte("<")) {
		return manifest.Process{}, errors.New("it is a property list, but not in XML")
	}
	key, err := Key(content)
	if err != nil {
		return manifest.Process{}, err
	}
	unit, err := json.Marshal(UnitOf(file, properties))
	return manifest.Process{Key: key, Files: map[string]string{file: manifest.Digest(content)}, Unit: unit}, err
}
