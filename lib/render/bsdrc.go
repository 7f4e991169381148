package render

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"

	"nixproc/lib/manager/bsdrc"
	"nixproc/lib/model"
	"nixproc/lib/rcorder"
)

// bsdrcSpec is what create-bsdrc-script.nix says of a script. Its README
// explains each field.
type bsdrcSpec struct {
	Settings bsdrcSettings `json:"settings"`

	Words           []string `json:"words"`    // the whole command, daemon(8) included
	Launcher        *string  `json:"launcher"` // file with the command, where it can't go through rc.subr
	CommandIsDaemon bool     `json:"commandIsDaemon"`
	Program         *string  `json:"program"`
	Procname        *string  `json:"procname"`
	PIDFile         *string  `json:"pidFile"`
	// OtherPIDFile is where a daemon may have its pid file all the same.
	OtherPIDFile *string `json:"otherPidFile,omitempty"`

	LogFile *string `json:"logFile"` // of daemon(8)
	User    *string `json:"user"`

	Environment       map[string]string `json:"environment"`
	HiddenEnvironment map[string]string `json:"hiddenEnvironment"` // only in the launcher
	Path              []string          `json:"path"`
	Nice              *string           `json:"nice"`
	Umask             *string           `json:"umask"`
	Directory         *string           `json:"directory"`
	FIB               *string           `json:"fib"`
	Limits            *string           `json:"limits"`
	LoginClass        *string           `json:"loginClass"`
	OOMProtect        *string           `json:"oomProtect"`
	ReloadSignal      string            `json:"reloadSignal"`
	StopSignal        string            `json:"stopSignal"`

	Commands           map[string]map[string]string `json:"commands"` // pre, implementation, post
	FlexibleParameters bool                         `json:"flexibleParameters"`
	RCVar              *string                      `json:"rcvar"`
	RCVarsDefaults     map[string]string            `json:"rcvarsDefaults"`
	RequiredFiles      []string                     `json:"requiredFiles"`
	RequiredDirs       []string                     `json:"requiredDirs"`
	RequiredVars       []string                     `json:"requiredVars"`
	RequiredModules    []string                     `json:"requiredModules"`
	Requires           []string                     `json:"requires"`
	Provides           []string                     `json:"provides"`
	Keywords           []string                     `json:"keywords"`
}

type bsdrcSettings struct {
	RCSubr              string   `json:"rcSubr"`
	BuiltinCommands     []string `json:"builtinCommands"`
	DefaultReloadSignal string   `json:"defaultReloadSignal"`
	DefaultStopSignal   string   `json:"defaultStopSignal"`
}

type bsdrcRenderer struct {
	scripts map[string]rcScript // by the name of the process
	shell   map[string]string   // name in the shell -> the first process that has it
	owners  map[string]string   // pid file -> the first process that has it
}

func newBsdrc(m model.Model) (renderer, error) {
	r := bsdrcRenderer{scripts: map[string]rcScript{}, shell: map[string]string{}, owners: map[string]string{}}
	settings, err := settingsOf[bsdrcSettings](m)
	if err != nil {
		return nil, err
	}
	for _, p := range m.Processes {
		if p.Foreign {
			continue
		}
		spec, err := specOf[bsdrcSpec](p)
		if err != nil {
			return nil, fmt.Errorf("process '%s': %w", p.Attribute, err)
		}
		spec.Settings = settings[p.Settings]
		script := rcScript{process: p.Name, name: shellName(p.Name), spec: spec}
		r.scripts[p.Name] = script
		if r.shell[script.name] == "" {
			r.shell[script.name] = p.Name
		}
		if file := spec.PIDFile; file != nil && r.owners[*file] == "" {
			r.owners[*file] = p.Name
		}
	}
	return r, r.order(m)
}

// order fills in what the scripts require, by the conditions that their
// dependencies provide, and refuses cycles.
func (r bsdrcRenderer) order(m model.Model) error {
	var all []rcorder.Script
	for _, p := range m.Processes {
		script, ours := r.scripts[p.Name]
		if !ours {
			continue
		}
		for _, dependency := range p.Dependencies {
			condition := dependency
			if other, ok := r.scripts[dependency]; ok && len(other.spec.Provides) > 0 && !slices.Contains(other.spec.Provides, dependency) {
				condition = other.spec.Provides[0]
			}
			script.requires = append(script.requires, condition)
		}
		script.requires = append(script.requires, script.spec.Requires...)
		r.scripts[p.Name] = script
		all = append(all, rcorder.Script{Name: p.Name, Provides: script.spec.Provides, Requires: script.requires})
	}
	if _, err := rcorder.Ranks(all); err != nil {
		// Not as the error of its type, which stands for dependencies.
		return fmt.Errorf("what the scripts require, at boot: %v", err)
	}
	return nil
}

func (bsdrcRenderer) common() Tree { return Tree{} }

// orderFile is never so: what a script requires stands within it.
func (bsdrcRenderer) orderFile(name, path string) bool { return false }

func (r bsdrcRenderer) process(p model.Process, _ int) (rendered, error) {
	script := r.scripts[p.Name]
	problems := script.check()
	if other := r.shell[script.name]; other != p.Name {
		problems = append(problems, fmt.Errorf("rc.subr can't tell it from the process '%s': both are %s to a shell", other, script.name))
	}
	if file := script.spec.PIDFile; file != nil && r.owners[*file] != p.Name {
		problems = append(problems, fmt.Errorf("it has the pid file of the process '%s', %s: give each its own instanceName or pidFile", r.owners[*file], *file))
	}
	if len(problems) > 0 {
		return rendered{}, errors.Join(problems...)
	}
	key, err := script.key()
	if err != nil {
		return rendered{}, err
	}
	file := path.Join("etc/rc.d", p.Name)
	return rendered{
		own:  Tree{file: {Content: script.text(), Executable: true}},
		key:  key,
		unit: script.unit(file),
	}, nil
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9_]`)

// shellName is a name that a shell's variables and functions can begin with:
// rc.subr makes theirs from that of the script.
func shellName(name string) string {
	name = notInNames.ReplaceAllString(name, "_")
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		return "_" + name
	}
	return name
}

// unit is what the package of the process manager has to know.
func (script rcScript) unit(file string) bsdrc.Unit {
	spec := &script.spec
	unit := bsdrc.Unit{
		Script: file, Provides: spec.Provides, Requires: script.requires, Keywords: spec.Keywords,
		StopSignal: spec.StopSignal,
	}
	if spec.RCVar != nil {
		unit.RCVar = script.name + "_" + *spec.RCVar
	}
	if spec.User != nil {
		unit.User = *spec.User
	}
	if spec.LogFile != nil {
		unit.Log = *spec.LogFile
	}
	if spec.Program == nil || spec.PIDFile == nil {
		return unit
	}
	unit.PIDFile, unit.Program = *spec.PIDFile, *spec.Program
	_, ownStart := spec.Commands["start"]["implementation"]
	unit.PIDFileCertain = !ownStart
	unit.Daemonised = !ownStart && !spec.CommandIsDaemon
	return unit
}

// key covers what the running process, or stopping it, depends on: neither the
// order, nor how the machine boots, nor where rc.subr is.
func (script rcScript) key() (string, error) {
	spec := script.spec
	spec.Settings.RCSubr = ""
	spec.Launcher = nil
	spec.RCVar = nil
	spec.OtherPIDFile = nil
	spec.Requires, spec.Provides, spec.Keywords = nil, nil, nil
	return keyOf(spec)
}
