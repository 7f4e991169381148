package render

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nixproc/lib/manager/supervisord"
	"nixproc/lib/model"
	"nixproc/lib/quote"
)

// supervisordSpec is what create-supervisord-program.nix says of a program.
type supervisordSpec struct {
	Settings supervisordSettings `json:"settings"`

	Command     string            `json:"command"`
	Nice        *string           `json:"nice"` // in the command already
	Path        []string          `json:"path"`
	Environment map[string]string `json:"environment"`
	Properties  map[string]string `json:"properties"` // all else, in supervisord's own language
}

type supervisordSettings struct {
	BasePackages []string `json:"basePackages"`
	Wrapper      []string `json:"wrapper"` // the words that begin a wrapped command
}

type supervisordRenderer struct {
	settings map[string]supervisordSettings
}

func newSupervisord(m model.Model) (renderer, error) {
	settings, err := settingsOf[supervisordSettings](m)
	if err != nil {
		return nil, err
	}
	r := supervisordRenderer{settings: settings}
	return r, nil
}

// supervisordConf makes a profile a whole configuration of supervisord: it can
// be run with nothing else. Relative patterns begin at the file's directory.
const supervisordConf = `[supervisord]

[include]
files=conf.d/*

[inet_http_server]
port = 127.0.0.1:9001

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = http://127.0.0.1:9001
`

func (supervisordRenderer) common() Tree {
	return Tree{"supervisord.conf": {Content: []byte(supervisordConf)}}
}

// orderFile is never so: the priority stands within the program's own file.
func (supervisordRenderer) orderFile(name, path string) bool { return false }

func (r supervisordRenderer) process(p model.Process, rank int) (rendered, error) {
	spec, err := specOf[supervisordSpec](p)
	if err != nil {
		return rendered{}, err
	}
	spec.Settings = r.settings[p.Settings]
	environment, problems := spec.environment()
	if problems = append(problems, spec.check(p.Name)...); len(problems) > 0 {
		return rendered{}, errors.Join(problems...)
	}
	key, err := spec.key()
	if err != nil {
		return rendered{}, err
	}
	file := path.Join("conf.d", p.Name+".conf")
	return rendered{
		reordered: func(at string, content []byte) ([]byte, bool) {
			_, given := spec.Properties["priority"]
			return priorityLine.ReplaceAll(content, fmt.Appendf(nil, "priority=%d", rank+1)), at == file && !given
		},
		own:  Tree{file: {Content: spec.text(p.Name, rank, environment)}},
		key:  key,
		unit: supervisord.UnitOf(file, spec.Properties),
	}, nil
}

// priorityLine stands in a package that was rendered by itself, where no
// dependency is known.
var priorityLine = regexp.MustCompile(`(?m)^priority=1$`)

var (
	// What shlex takes for one word, as supervisord sets it up.
	supervisordVariable = regexp.MustCompile(`^[A-Za-z0-9_/.+:()-]+$`)
	supervisordProperty = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	// Names go through supervisorctl, which splits at blanks and knows * and :.
	supervisordName = regexp.MustCompile(`^[^\s:/*%\[\];#-][^\s:/*%\[\];#]*$`)
)

// environment gives the text of the setting. An explicit PATH wins.
func (s *supervisordSpec) environment() (text string, problems []error) {
	variables := maps.Clone(s.Environment)
	if variables == nil {
		variables = map[string]string{}
	}
	if _, given := variables["PATH"]; !given {
		var dirs []string
		for _, directory := range slices.Concat(s.Settings.BasePackages, s.Path) {
			dirs = append(dirs, directory+"/bin")
		}
		if len(dirs) > 0 {
			variables["PATH"] = strings.Join(dirs, ":")
		}
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if !supervisordVariable.MatchString(name) {
			problems = append(problems, fmt.Errorf("environment: supervisord can't take %q as the name of a variable", name))
			continue
		}
		value, err := quote.SupervisordVariable(variables[name])
		if err != nil {
			problems = append(problems, fmt.Errorf("environment: the value of %s can't be written: %w", name, err))
			continue
		}
		words = append(words, name+"="+value)
	}
	return strings.Join(words, ","), problems
}

// check refuses what supervisord would not take, or would take for something
// else. What the properties may be is supervisord's matter: it says so itself.
func (s *supervisordSpec) check(name string) (problems []error) {
	if !supervisordName.MatchString(name) || name == "all" {
		problems = append(problems, fmt.Errorf("supervisorctl can't handle a program with the name %q", name))
	}
	if strings.TrimSpace(s.Command) == "" {
		problems = append(problems, errors.New("command: it is empty"))
	}
	if s.Nice != nil {
		if n, err := strconv.Atoi(*s.Nice); err != nil || n < -20 || n > 19 {
			problems = append(problems, fmt.Errorf("nice: %q is not a whole number from -20 to 19", *s.Nice))
		}
	}
	if umask, given := s.Properties["umask"]; given {
		if _, err := strconv.ParseUint(umask, 8, 12); err != nil {
			problems = append(problems, fmt.Errorf("umask: %q is not an octal number such as 022", umask))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		if !supervisordProperty.MatchString(key) {
			problems = append(problems, fmt.Errorf("%q can't be the name of a setting of supervisord", key))
		}
	}
	for key, value := range s.properties() {
		if strings.ContainsAny(value, "\r\x00") {
			problems = append(problems, fmt.Errorf("%s: a configuration file of supervisord can't hold a carriage return or a NUL character", key))
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return problems
}

func (s *supervisordSpec) properties() map[string]string {
	all := maps.Clone(s.Properties)
	if all == nil {
		all = map[string]string{}
	}
	all["command"] = s.Command
	return all
}

// text gives the file. Lines of a value after its first are indented; that is
// how configparser knows them.
func (s *supervisordSpec) text(name string, rank int, environment string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "[program:%s]\n", name)
	write := func(key, value string) {
		fmt.Fprintf(&b, "%s=%s\n", key, strings.ReplaceAll(value, "\n", "\n "))
	}
	write("command", s.Command)
	if _, given := s.Properties["priority"]; !given {
		write("priority", strconv.Itoa(rank+1))
	}
	if environment != "" {
		write("environment", environment)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		write(key, s.Properties[key])
	}
	return b.Bytes()
}

// key covers what the running process, or stopping it, depends on: not its
// place in the order, and not which version of our wrapper runs it.
func (s *supervisordSpec) key() (string, error) {
	spec := *s
	if len(spec.Settings.Wrapper) > 0 {
		spec.Command = strings.ReplaceAll(spec.Command, strings.Join(spec.Settings.Wrapper, " ")+" ", "foreground-proxy ")
	}
	spec.Settings.Wrapper = nil
	spec.Properties = maps.Clone(spec.Properties)
	delete(spec.Properties, "priority")
	return keyOf(spec)
}
