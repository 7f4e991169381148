package render

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"unicode"

	"nixproc/lib/accounts"
	"nixproc/lib/manager/disnix"
	"nixproc/lib/manifestxml"
	"nixproc/lib/model"
)

// disnixSpec is what create-process-script.nix says of a process. A package that
// other functions made says nothing; what its file in etc/dysnomia/process has is
// read when it is there.
type disnixSpec struct {
	PIDFile *string `json:"pidFile"`
	Program *string `json:"program"`
	Log     *string `json:"log"`
	User    *string `json:"user"`
	Certain bool    `json:"certain"`
	// Supervised says that the pid file is there just as long as the process.
	Supervised bool `json:"supervised"`
}

type disnixRenderer struct {
	services []manifestxml.Service
	keys     map[string]string // by the name of the process
	owners   map[string]string // pid file -> the first process that has it
}

func newDisnix(m model.Model, ranks map[string]int) (renderer, error) {
	r := disnixRenderer{services: disnixServices(m, ranks), keys: map[string]string{}, owners: map[string]string{}}
	for i, p := range inOrder(m, ranks) {
		r.keys[p.Name] = r.services[i].Key
	}
	for _, p := range m.Processes {
		spec, err := specOf[disnixSpec](p)
		if err != nil {
			return nil, fmt.Errorf("process '%s': %w", p.Attribute, err)
		}
		if spec.PIDFile != nil && r.owners[*spec.PIDFile] == "" {
			r.owners[*spec.PIDFile] = p.Name
		}
	}
	return r, nil
}

// inOrder gives each process once, after all that it depends on.
func inOrder(m model.Model, ranks map[string]int) []model.Process {
	seen := map[string]bool{}
	processes := slices.DeleteFunc(slices.Clone(m.Processes), func(p model.Process) bool {
		again := seen[p.Name]
		seen[p.Name] = true
		return again || p.Tree == ""
	})
	slices.SortStableFunc(processes, func(a, b model.Process) int { return ranks[a.Name] - ranks[b.Name] })
	return processes
}

// disnixServices gives the services of a model, in its order. As for Disnix's own
// functions, the key of a service changes with those of what it depends on.
func disnixServices(m model.Model, ranks map[string]int) []manifestxml.Service {
	type named struct{ name, key string }
	known := map[string]named{}
	var services []manifestxml.Service
	for _, p := range inOrder(m, ranks) {
		var dependencies []named
		for _, name := range p.Dependencies {
			if dependency, there := known[name]; there && !slices.Contains(dependencies, dependency) {
				dependencies = append(dependencies, dependency)
			}
		}
		slices.SortFunc(dependencies, func(a, b named) int { return strings.Compare(a.name, b.name) })
		s := manifestxml.Service{Name: p.Attribute, Package: p.Tree, Type: manifestxml.Process, Active: true}
		for _, dependency := range dependencies {
			s.DependsOn = append(s.DependsOn, dependency.key)
		}
		s.Key = manifestxml.KeyOf(s.Name, s.Type, s.Package, s.DependsOn)
		known[p.Name] = named{p.Attribute, s.Key}
		services = append(services, s)
	}
	return services
}

// common is what tells Dysnomia's side what is active.
func (r disnixRenderer) common() Tree {
	return Tree{"profilemanifest.xml": {Content: manifestxml.Manifest{Services: r.services}.EncodeProfile()}}
}

// orderFile is never so: the order stands in the manifest.
func (disnixRenderer) orderFile(name, path string) bool { return false }

func (r disnixRenderer) process(p model.Process, rank int) (rendered, error) {
	spec, err := specOf[disnixSpec](p)
	if err != nil {
		return rendered{}, err
	}
	var problems []error
	if strings.ContainsFunc(p.Attribute, lostInManifest) {
		problems = append(problems, fmt.Errorf("the name of its attribute, %q, has a character that can't be in the manifest of Disnix", p.Attribute))
	}
	if spec.PIDFile != nil {
		problems = append(problems, r.checkPIDFile(p.Name, *spec.PIDFile))
	}
	if p.Credentials != nil {
		problems = append(problems, accounts.FromProperties(p.Credentials.Groups, p.Credentials.Users).Validate())
	}
	if err := errors.Join(problems...); err != nil {
		return rendered{}, err
	}
	text := func(given *string) string {
		if given == nil {
			return ""
		}
		return *given
	}
	unit := disnix.Unit{
		Service: r.keys[p.Name], Package: p.Tree,
		Program: text(spec.Program), Log: text(spec.Log), User: text(spec.User), Certain: spec.Certain, Supervised: spec.Supervised,
	}
	return rendered{key: unit.Service, unit: unit}, nil
}

func (r disnixRenderer) checkPIDFile(name, file string) error {
	switch {
	case !path.IsAbs(file):
		return fmt.Errorf("pidFile: %q is no absolute path", file)
	case strings.ContainsAny(file, "\n\r"):
		return fmt.Errorf("pidFile: %q has a line break in it, which Dysnomia can't pass on", file)
	case r.owners[file] != name:
		return fmt.Errorf("it has the pid file of the process '%s', %s: give each its own instanceName or pidFile", r.owners[file], file)
	}
	return nil
}

// lostInManifest tells the characters that a manifest can't hold, or that come
// back from it as others: https://www.w3.org/TR/xml/#charsets.
func lostInManifest(r rune) bool {
	return notInXML(r) || r == '\r' || r == unicode.ReplacementChar
}

// DisnixTarget is where a manifest deploys to.
type DisnixTarget struct {
	Profile         string `json:"profile"` // store path of the profile that was built for it
	System          string `json:"system"`
	ClientInterface string `json:"clientInterface"`
}

// BuildDisnixManifest writes the manifest of a model to the file out.
func BuildDisnixManifest(m model.Model, target DisnixTarget, out string) error {
	ranks, err := m.Ranks()
	if err != nil {
		return err
	}
	manifest := manifestxml.Manifest{
		Profile: target.Profile, System: target.System, ClientInterface: target.ClientInterface,
		Services: disnixServices(m, ranks),
	}
	return os.WriteFile(out, manifest.Encode(), 0o644)
}
