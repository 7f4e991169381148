package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"nixproc/lib/manager/s6rc"
	"nixproc/lib/model"
)

// s6rcSpec is what the functions in backends/s6-rc say of a process.
type s6rcSpec struct {
	Main     string                         `json:"main"`     // the service that the dependencies are those of
	Services map[string]map[string]s6rcFile `json:"services"` // service -> file in its definition -> what it holds
	Requires []string                       `json:"requires"` // services that have to be up before
	Contents []string                       `json:"contents"` // of a bundle

	PIDFile string `json:"pidFile"`
	Program string `json:"program"`
	Log     string `json:"log"`
	User    string `json:"user"`
}

// s6rcFile is text, or somebody else's file or directory.
type s6rcFile struct {
	Text string `json:"text"`
	Link string `json:"link"`
}

// s6rcSources is where definitions of services stand in a profile.
const s6rcSources = s6rc.Sources

// s6rcSettings are what the function itself was given.
type s6rcSettings struct {
	Words map[string]string `json:"words"` // meaning -> word
}

type s6rcRenderer struct {
	settings map[string]s6rcSettings
	makers   map[string][]string // service -> names of the processes that make it
	owners   map[string]string   // service -> process
	external map[string]bool     // processes that are not in the model
	bundle   string
	all      []string // processes
}

func newS6rc(m model.Model) (renderer, error) {
	settings, err := settingsOf[s6rcSettings](m)
	if err != nil {
		return nil, err
	}
	r := s6rcRenderer{
		settings: settings, makers: map[string][]string{}, owners: map[string]string{}, external: map[string]bool{},
		bundle: s6rc.DefaultBundle,
	}
	if m.DefaultBundleName != "" {
		r.bundle = m.DefaultBundleName
	}
	for _, external := range m.External {
		r.external[external.Name] = true
	}
	for _, p := range m.Processes {
		r.all = append(r.all, p.Name)
		var spec s6rcSpec
		if p.Foreign || json.Unmarshal(p.Parameters, &spec) != nil {
			continue // what is wrong with it is said where it is rendered
		}
		for _, service := range spec.names() {
			r.makers[service] = append(r.makers[service], p.Attribute)
			r.owners[service] = p.Name
		}
	}
	slices.Sort(r.all)
	return r, nil
}

// names are those that s6-rc will know: the services', and those of pipes.
func (s s6rcSpec) names() []string {
	all := slices.Collect(maps.Keys(s.Services))
	for _, definition := range s.Services {
		if pipeline := strings.TrimSuffix(definition["pipeline-name"].Text, "\n"); pipeline != "" && definition["producer-for"].Text == "" {
			all = append(all, pipeline)
		}
	}
	slices.Sort(all)
	return all
}

// common is the bundle of all services.
func (r s6rcRenderer) common() Tree {
	at := path.Join(s6rcSources, r.bundle)
	return Tree{
		path.Join(at, "type"):     {Content: []byte(s6rc.Bundle + "\n")},
		path.Join(at, "contents"): {Content: lines(slices.Compact(slices.Clone(r.all)))},
	}
}

const s6rcDependencies = "dependencies"

func (r s6rcRenderer) orderFile(name, at string) bool {
	return at == path.Join(s6rcSources, name, s6rcDependencies) || at == path.Join(s6rcSources, name+"-srv", s6rcDependencies)
}

func (r s6rcRenderer) process(p model.Process, _ int) (rendered, error) {
	spec, err := specOf[s6rcSpec](p)
	if err != nil {
		return rendered{}, err
	}
	if problems := r.check(spec); len(problems) > 0 {
		return rendered{}, errors.Join(problems...)
	}
	key, err := spec.key(r.settings[p.Settings].Words)
	if err != nil {
		return rendered{}, err
	}
	unit := s6rc.Unit{PIDFile: spec.PIDFile, Program: spec.Program, Log: spec.Log, User: spec.User, Contents: spec.Contents}
	own, order := Tree{}, Tree{}
	for _, service := range slices.Sorted(maps.Keys(spec.Services)) {
		definition := spec.Services[service]
		unit.Services = append(unit.Services, s6rc.Service{Name: service, Type: strings.TrimSuffix(definition["type"].Text, "\n")})
		if consumer := strings.TrimSuffix(definition["producer-for"].Text, "\n"); consumer != "" {
			unit.Needs = append(unit.Needs, r.others(p.Name, consumer)...)
		}
		for name, file := range definition {
			own[path.Join(s6rcSources, service, name)] = File{Content: []byte(file.Text), Link: file.Link}
		}
	}
	at := path.Join(s6rcSources, spec.Main)
	if unit.Services[0].Type == s6rc.Bundle {
		own[path.Join(at, "contents")] = File{Content: lines(spec.Contents)}
		unit.Needs = append(unit.Needs, r.others(p.Name, spec.Contents...)...)
	}
	if requires := slices.DeleteFunc(slices.Clone(spec.Requires), r.isExternal); len(requires) > 0 {
		order[path.Join(at, s6rcDependencies)] = File{Content: lines(requires)}
	}
	return rendered{own: own, order: order, key: key, unit: unit}, nil
}

// others are the processes that services belong to, but for one. What the
// framework before this made is known by the name of the process.
func (r s6rcRenderer) others(process string, services ...string) (names []string) {
	for _, service := range services {
		name := r.owners[service]
		if name == "" {
			name = strings.TrimSuffix(service, "-srv")
		}
		if name != process && slices.Contains(r.all, name) {
			names = append(names, name)
		}
	}
	return names
}

// isExternal says whether a service is one that the model lacks: s6-rc-compile
// refuses what it does not know.
func (r s6rcRenderer) isExternal(service string) bool {
	return len(r.makers[service]) == 0 && (r.external[service] || r.external[strings.TrimSuffix(service, "-srv")])
}

// s6rcName leaves out what s6-rc or its files can't hold, and, like a name that
// begins with a dot, what would be taken for something else.
var s6rcName = regexp.MustCompile(`^[^./#\s-][^/\n]*[^/\s]$|^[^./#\s-]$`)

// check refuses what s6-rc-compile would not take; it would say so only when
// processes are to be stopped.
func (r s6rcRenderer) check(s s6rcSpec) (problems []error) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(s.Services) == 0 {
		wrong("it has no service")
	}
	for _, service := range s.names() {
		switch {
		case !s6rcName.MatchString(service) || strings.HasPrefix(service, "s6rc-") || strings.HasPrefix(service, "s6-rc-"):
			wrong("s6-rc can't have a service with the name %q", service)
		case service == r.bundle:
			wrong("the name %q is that of the bundle of all services", service)
		case len(r.makers[service]) > 1:
			wrong("more than one process makes a service %q: %s", service, strings.Join(r.makers[service], ", "))
		}
	}
	for _, service := range slices.Sorted(maps.Keys(s.Services)) {
		definition := s.Services[service]
		if fd := definition["notification-fd"].Text; fd == "0\n" || fd == "1\n" || fd == "2\n" {
			wrong("notification-fd: %s is one of the standard streams: use 3 or more", strings.TrimSpace(fd))
		}
		for _, file := range []string{"run", "up"} {
			if given, has := definition[file]; has && given.Link == "" && strings.TrimSpace(given.Text) == "" {
				wrong("%s: it is empty", file)
			}
		}
	}
	for _, service := range s.Contents {
		if len(r.all) > 1 && len(r.makers[service]) == 0 && !slices.Contains(r.all, strings.TrimSuffix(service, "-srv")) {
			wrong("contents: there is no service %q in the model", service)
		}
	}
	return problems
}

// key covers what the running process, or stopping it, depends on: not the
// programs that are through by then (see programs.nix).
func (s s6rcSpec) key(words map[string]string) (string, error) {
	services := make(map[string]map[string]s6rcFile, len(s.Services))
	for name, definition := range s.Services {
		services[name] = maps.Clone(definition)
		for _, script := range []string{"run", "finish", "up", "down"} {
			if file, has := definition[script]; has {
				file.Text = withoutWords(file.Text, words)
				services[name][script] = file
			}
		}
	}
	return keyOf(map[string]any{"services": services, "contents": s.Contents, "pidFile": s.PIDFile})
}

// withoutWords writes the meanings of words where they begin a command.
func withoutWords(text string, words map[string]string) string {
	text = "\n" + text
	for _, meaning := range slices.Sorted(maps.Keys(words)) {
		word := words[meaning]
		if word == "" {
			continue
		}
		for _, before := range []string{"\n", "\n#!", "{ "} {
			text = strings.ReplaceAll(text, before+word+" ", before+meaning+" ")
		}
	}
	return text
}
