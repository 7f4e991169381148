package render

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nixproc/lib/manager/systemd"
	"nixproc/lib/model"
	"nixproc/lib/quote"
)

// systemdSpec is what create-systemd-service.nix says of a unit. Its README
// explains each field.
type systemdSpec struct {
	Path        []string                       `json:"path"`
	Environment map[string]string              `json:"environment"`
	Sections    map[string]map[string][]string `json:"sections"` // property -> lines

	settings systemdSettings
}

// systemdSettings are the arguments of create-systemd-service.nix itself.
type systemdSettings struct {
	BasePackages           []string `json:"basePackages"`
	Shell                  string   `json:"shell"`
	ForceDisableUserChange bool     `json:"forceDisableUserChange"`
	Prefix                 string   `json:"prefix"`
}

type systemdRenderer struct {
	settings map[string]systemdSettings
	prefixes map[string]string // of the units of the model's processes
}

func newSystemd(m model.Model) (renderer, error) {
	settings, err := settingsOf[systemdSettings](m)
	if err != nil {
		return nil, err
	}
	r := systemdRenderer{settings: settings, prefixes: map[string]string{}}
	for _, p := range m.Processes {
		if p.Foreign {
			r.prefixes[p.Name] = systemd.Prefix
		} else {
			r.prefixes[p.Name] = r.settings[p.Settings].Prefix
		}
	}
	return r, nil
}

func (systemdRenderer) common() Tree { return Tree{} }

// orderFile is never the case: what orders a unit stands in the unit.
func (systemdRenderer) orderFile(string, string) bool { return false }

func (r systemdRenderer) process(p model.Process, _ int) (rendered, error) {
	spec, err := specOf[systemdSpec](p)
	if err != nil {
		return rendered{}, err
	}
	spec.settings = r.settings[p.Settings]
	name := spec.settings.Prefix + p.Name + ".service"
	text, problems := spec.text(r.unitNames(p, spec.settings.Prefix))
	if problems = append(problems, spec.check(name)...); len(problems) > 0 {
		slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return rendered{}, errors.Join(problems...)
	}
	file := systemd.Directory + "/" + name
	result := rendered{own: Tree{file: {Content: []byte(text)}}, order: Tree{}, unit: spec.unit(file)}
	// Which shell runs the initialization is nothing that a process depends on.
	withoutShell := text
	if spec.settings.Shell != "" {
		withoutShell = strings.ReplaceAll(text, spec.settings.Shell+" -e -c ", "-e -c ")
	}
	result.key, err = keyOf([]string{name, systemd.Key(withoutShell)})
	return result, err
}

// unitNames are those of the processes that a process depends on.
func (r systemdRenderer) unitNames(p model.Process, prefix string) []string {
	var names []string
	for _, dependency := range p.Dependencies {
		if known, found := r.prefixes[dependency]; found {
			names = append(names, known+dependency+".service")
		} else {
			names = append(names, prefix+dependency+".service")
		}
	}
	return names
}

var unitName = regexp.MustCompile(`^[A-Za-z0-9:_.\\@-]{1,247}\.service$`)

// check refuses what systemd would refuse, or ignore with a line in its log and
// then run the process otherwise than it was asked to.
func (s *systemdSpec) check(name string) []error {
	var problems []error
	if !unitName.MatchString(name) {
		problems = append(problems, fmt.Errorf("%q can't be the name of a systemd unit: letters, digits and :-_.@\\ can, at most 255 of them (systemd.unit(5))", name))
	}
	for variable := range s.Environment {
		if !variableName.MatchString(variable) {
			problems = append(problems, fmt.Errorf("environment: %q can't be the name of a variable", variable))
		}
	}
	service := s.Sections["Service"]
	if nice := service["Nice"]; len(nice) == 1 && nice[0] != "" {
		if n, err := strconv.Atoi(nice[0]); err != nil || n < -20 || n > 19 {
			problems = append(problems, fmt.Errorf("nice: %q is not a whole number from -20 to 19", nice[0]))
		}
	}
	if umask := service["UMask"]; len(umask) == 1 && umask[0] != "" {
		if _, err := strconv.ParseUint(umask[0], 8, 12); err != nil {
			problems = append(problems, fmt.Errorf("umask: %q is not an octal number such as 022", umask[0]))
		}
	}
	for section, properties := range s.Sections {
		if strings.ContainsAny(section, "]\n") {
			problems = append(problems, fmt.Errorf("%q can't be the name of a section", section))
		}
		for property, lines := range properties {
			if strings.ContainsRune(property, '\n') || strings.ContainsRune(strings.Join(lines, ""), 0) {
				problems = append(problems, fmt.Errorf("%s.%q has a line break in its name, or a NUL in its value", section, property))
			}
		}
	}
	if s.Sections["Service"]["ExecStart"] == nil && s.Sections["Service"]["ExecStop"] == nil && s.Sections["Service"]["SuccessAction"] == nil {
		problems = append(problems, errors.New("it has nothing to run: it needs foregroundProcess, daemon or process, or Service.ExecStart"))
	}
	return problems
}

// text gives the unit file.
func (s *systemdSpec) text(dependencies []string) (string, []error) {
	environment, problems := s.environment()
	more := map[string][]string{"Service": environment}
	if len(dependencies) > 0 {
		more["Unit"] = []string{"Wants=" + strings.Join(dependencies, " "), "After=" + strings.Join(dependencies, " ")}
	}
	names := map[string]bool{"Service": true}
	for name := range more {
		names[name] = true
	}
	for name := range s.Sections {
		names[name] = true
	}
	var b strings.Builder
	for i, section := range slices.SortedFunc(maps.Keys(names), compareSections) {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "[%s]\n", section)
		properties := s.Sections[section]
		for _, property := range slices.Sorted(maps.Keys(properties)) {
			if s.settings.ForceDisableUserChange && (property == "User" || property == "Group") {
				continue
			}
			for _, line := range properties[property] {
				fmt.Fprintf(&b, "%s=%s\n", property, line)
			}
		}
		for _, line := range more[section] {
			b.WriteString(line + "\n")
		}
	}
	return b.String(), problems
}

// compareSections puts [Unit] first and [Install] last, as in systemd's own units.
func compareSections(a, b string) int {
	place := func(section string) string {
		switch section {
		case "Unit":
			return "0"
		case "Service":
			return "1"
		case "Install":
			return "3"
		}
		return "2" + section
	}
	return strings.Compare(place(a), place(b))
}

// environment gives one line for each variable. The PATH of the environment
// comes before that of the packages.
func (s *systemdSpec) environment() (lines []string, problems []error) {
	variables := maps.Clone(s.Environment)
	if variables == nil {
		variables = map[string]string{}
	}
	if _, given := variables["PATH"]; !given {
		var directories []string
		for _, tree := range slices.Concat(s.settings.BasePackages, s.Path) {
			directories = append(directories, tree+"/bin")
		}
		if len(directories) > 0 {
			variables["PATH"] = strings.Join(directories, ":")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		assignment, err := quote.SystemdEnvironment(name, variables[name])
		if err != nil {
			problems = append(problems, err)
			continue
		}
		lines = append(lines, "Environment="+assignment)
	}
	return lines, problems
}

// unit is what the package of the process manager has to know.
func (s *systemdSpec) unit(file string) systemd.Unit {
	last := func(property string) string {
		lines := s.Sections["Service"][property]
		if len(lines) == 0 {
			return ""
		}
		return lines[len(lines)-1]
	}
	unit := systemd.Unit{File: file, PIDFile: strings.ReplaceAll(last("PIDFile"), "%%", "%")}
	if !s.settings.ForceDisableUserChange {
		unit.User = last("User")
	}
	return unit
}
