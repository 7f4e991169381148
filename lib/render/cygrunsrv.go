package render

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"nixproc/lib/manager/cygrunsrv"
	"nixproc/lib/model"
	"nixproc/lib/quote"
)

// cygrunsrvSpec is what create-cygrunsrv-params.nix says of a service. Its README
// explains each field.
type cygrunsrvSpec struct {
	DisplayName         string            `json:"displayName"`
	Path                string            `json:"path"`
	Args                []string          `json:"args"`
	Environment         map[string]string `json:"environment"`
	Type                string            `json:"type"`
	User                *string           `json:"user"`
	Password            *string           `json:"password"`
	Stdin               *string           `json:"stdin"`
	Stdout              *string           `json:"stdout"`
	Stderr              *string           `json:"stderr"`
	TerminateSignal     string            `json:"terminateSignal"`
	TerminateOnShutdown bool              `json:"terminateOnShutdown"`
}

type cygrunsrvSettings struct {
	Prefix string `json:"prefix"` // of the names of services
}

type cygrunsrvRenderer struct {
	settings map[string]cygrunsrvSettings
	prefixes map[string]string // of the services of the model's processes
	pidFiles pidFiles
}

func newCygrunsrv(m model.Model) (renderer, error) {
	settings, err := settingsOf[cygrunsrvSettings](m)
	if err != nil {
		return nil, err
	}
	r := cygrunsrvRenderer{settings: settings, prefixes: map[string]string{}, pidFiles: pidFiles{}}
	for _, p := range m.Processes {
		r.prefixes[p.Name] = cygrunsrv.Prefix
		if !p.Foreign {
			r.prefixes[p.Name] = r.settings[p.Settings].Prefix
		}
	}
	return r, nil
}

func (cygrunsrvRenderer) common() Tree { return Tree{} }

// orderFile is never so: what a service depends on is among its parameters.
func (cygrunsrvRenderer) orderFile(string, string) bool { return false }

func (r cygrunsrvRenderer) process(p model.Process, _ int) (rendered, error) {
	spec, err := specOf[cygrunsrvSpec](p)
	if err != nil {
		return rendered{}, err
	}
	prefix := r.settings[p.Settings].Prefix
	var dependencies []string
	for _, dependency := range p.Dependencies {
		known, found := r.prefixes[dependency]
		if !found {
			known = prefix
		}
		dependencies = append(dependencies, known+dependency)
	}
	parameters, problems := spec.parameters(dependencies)
	problems = append(problems, spec.check(prefix+p.Name, dependencies)...)
	pidFile := proxyPIDFile(spec.Args)
	if err := r.pidFiles.claim(pidFile, p.Name); err != nil {
		problems = append(problems, err)
	}
	content, err := cygrunsrv.Lines(parameters)
	if err != nil && len(problems) == 0 {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return rendered{}, errors.Join(problems...)
	}
	key, err := cygrunsrv.Key(content)
	if err != nil {
		return rendered{}, err
	}
	file := prefix + p.Name + cygrunsrv.Suffix
	unit := cygrunsrv.UnitOf(file, parameters)
	unit.PIDFile = pidFile
	return rendered{own: Tree{file: {Content: content}}, order: Tree{}, key: key, unit: unit}, nil
}

// parameters are what cygrunsrv gets after the name of the service.
func (s *cygrunsrvSpec) parameters(dependencies []string) (parameters []string, problems []error) {
	addFrom := func(where, option, value string) {
		parameters = append(parameters, option, value)
		if strings.ContainsAny(value, "\n\x00") {
			shown, _ := quote.Hide([]string{option, value})
			problems = append(problems, fmt.Errorf("%s: a params file has one argument a line, so it can't hold a line break or a NUL character: %q", where, shown[1]))
		}
	}
	add := func(option, value string) { addFrom(strings.TrimPrefix(option, "--"), option, value) }
	optional := func(option string, value *string) {
		if value != nil {
			add(option, *value)
		}
	}
	add("--path", s.Path)
	add("--disp", s.DisplayName)
	if s.Type != "auto" {
		add("--type", s.Type)
	}
	if len(s.Args) > 0 {
		words := make([]string, len(s.Args))
		for i, word := range s.Args {
			var err error
			if words[i], err = quote.CygrunsrvWord(word); err != nil {
				problems = append(problems, fmt.Errorf("args: %q: %w", word, err))
			}
		}
		add("--args", strings.Join(words, " "))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		if name == "" || name[0] == '\'' || strings.Contains(name, "=") {
			problems = append(problems, fmt.Errorf("environment: %q can't be the name of a variable", name))
		}
		addFrom("environment: the value of "+name+" can't be written", "--env", name+"="+s.Environment[name])
	}
	optional("--user", s.User)
	optional("--passwd", s.Password)
	optional("--stdin", s.Stdin)
	optional("--stdout", s.Stdout)
	optional("--stderr", s.Stderr)
	if s.TerminateSignal != "TERM" {
		add("--termsig", s.TerminateSignal)
	}
	if s.TerminateOnShutdown {
		parameters = append(parameters, "--shutdown")
	}
	for _, dependency := range dependencies {
		add("--dep", dependency)
	}
	return parameters, problems
}

// What a Windows service can be called, as cygrunsrv takes it: a slash or a
// backslash would part the name of a server from it.
var cygrunsrvService = regexp.MustCompile(`^[^\s/\\:*?"<>|-][^\s/\\:*?"<>|]{0,254}$`)

// Limits of cygrunsrv itself.
const (
	maxVariables    = 255
	maxDependencies = 16
)

func (s *cygrunsrvSpec) check(service string, dependencies []string) (problems []error) {
	if !cygrunsrvService.MatchString(service) {
		problems = append(problems, fmt.Errorf("%q can't be the name of a service", service))
	}
	if !strings.HasPrefix(s.Path, "/") {
		problems = append(problems, fmt.Errorf("path: %q is not an absolute path", s.Path))
	}
	if s.Type != "auto" && s.Type != "manual" {
		problems = append(problems, fmt.Errorf("type: %q is neither auto nor manual", s.Type))
	}
	if len(s.Environment) > maxVariables {
		problems = append(problems, fmt.Errorf("environment: it has %d variables, cygrunsrv takes %d", len(s.Environment), maxVariables))
	}
	if len(dependencies) > maxDependencies {
		problems = append(problems, fmt.Errorf("dependencies: there are %d, cygrunsrv takes %d", len(dependencies), maxDependencies))
	}
	return problems
}
