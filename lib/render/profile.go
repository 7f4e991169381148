package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nixproc/lib/accounts"
	"nixproc/lib/manifest"
	"nixproc/lib/model"
)

// Profile is a rendered model.
type Profile struct {
	Files    Tree
	Common   Tree // files of the profile as a whole, which the package of a process lacks
	Manifest manifest.Manifest
	// Merges are the packages whose trees are to be merged into the profile.
	Merges []Merge
}

// Merge is a package that was built elsewhere: one without a specification, or
// one whose rendered files a shell worked on.
type Merge struct {
	Tree    string // store path
	Process string // name of the process
	// Ordered holds what to put beside the tree's files, in place of those that
	// Replaced names: the files that place the process in the order. It is
	// empty for a package without a specification.
	Ordered  Tree
	Replaced func(path string) bool
	// Reordered gives what a file is to say that has the place in the order
	// within it, and false for all other files; nil says that none has.
	Reordered func(path string, content []byte) ([]byte, bool)
	Entry     manifest.Process
	Foreign   bool
}

// rendered is one process as the renderer of its manager made it.
type rendered struct {
	own   Tree // what the process depends on or is controlled by
	order Tree // what places it in the order; not compared by the planner
	key   string
	unit  any // the manager's part of the manifest
	// reordered is Merge.Reordered for the process.
	reordered func(path string, content []byte) ([]byte, bool)
}

// renderer turns the specification of one process into files.
type renderer interface {
	process(p model.Process, rank int) (rendered, error)
	// orderFile says whether the path is one that places the process in the
	// order.
	orderFile(name, path string) bool
	// common are files of the profile as a whole.
	common() Tree
}

func rendererOf(m model.Model, ranks map[string]int) (renderer, error) {
	switch m.Manager {
	case "s6-rc":
		return newS6rc(m)
	case "docker":
		return dockerRenderer{}, nil
	case "bsdrc":
		return newBsdrc(m)
	case "cygrunsrv":
		return newCygrunsrv(m)
	case "launchd":
		return newLaunchd(m)
	case "sysvinit":
		return newSysvinit(m, ranks)
	case "systemd":
		return newSystemd(m)
	case "supervisord":
		return newSupervisord(m)
	case "disnix":
		return newDisnix(m, ranks)
	}
	return nil, fmt.Errorf("process manager %q is not supported", m.Manager)
}

// Render renders a model that was validated. All that is wrong with the
// specifications is in the error.
func Render(m model.Model) (*Profile, error) {
	ranks, err := m.Ranks()
	if err != nil {
		return nil, err
	}
	renderer, err := rendererOf(m, ranks)
	if err != nil {
		return nil, err
	}
	profile := &Profile{
		Files:    Tree{},
		Common:   renderer.common(),
		Manifest: manifest.Manifest{Schema: manifest.Schema, Manager: m.Manager, Parameters: m.Parameters, Processes: []manifest.Process{}},
	}

	var problems []error
	done := map[string]bool{}
	for _, p := range m.Processes {
		if p.Foreign && done[p.Tree] || !p.Foreign && done[p.Name] {
			continue
		}
		done[p.Name], done[p.Tree] = true, p.Tree != ""
		entry := manifest.Process{
			Name:         p.Name,
			Attribute:    p.Attribute,
			Rank:         ranks[p.Name],
			Dependencies: p.Dependencies,
			Attributes:   p.Attributes,
		}
		entry.Readiness, _ = model.ParseReadiness(p.Readiness) // what is wrong, Validate says
		if p.Foreign {
			profile.Merges = append(profile.Merges, Merge{Tree: p.Tree, Process: p.Name, Entry: entry, Foreign: true})
			continue
		}
		result, err := renderer.process(p, ranks[p.Name])
		if err != nil {
			problems = append(problems, problemsOf(p, err)...)
			continue
		}
		entry.Key = result.key
		if entry.Unit, err = json.Marshal(result.unit); err != nil {
			problems = append(problems, fmt.Errorf("process '%s': %w", p.Attribute, err))
			continue
		}
		if p.Tree != "" {
			if entry.Key, err = keyOf([]string{result.key, p.PostInstall}); err != nil {
				return nil, err
			}
			profile.Merges = append(profile.Merges, Merge{
				Tree: p.Tree, Process: p.Name, Ordered: result.order, Entry: entry,
				Replaced:  func(path string) bool { return renderer.orderFile(p.Name, path) },
				Reordered: result.reordered,
			})
			continue
		}
		if err := profile.addCredentials(p); err != nil {
			problems = append(problems, problemsOf(p, err)...)
		}
		entry.Files = make(map[string]string, len(result.own))
		for path, file := range result.own {
			entry.Files[path] = manifest.Digest(file.Content)
			profile.Files[path] = file
		}
		for path, file := range result.order {
			profile.Files[path] = file
		}
		profile.Manifest.Processes = append(profile.Manifest.Processes, entry)
	}
	profile.sort()
	return profile, errors.Join(problems...)
}

// problemsOf names the process in each of the errors that were joined.
func problemsOf(p model.Process, err error) []error {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for i := range all {
		all[i] = fmt.Errorf("process '%s': %w", p.Attribute, all[i])
	}
	return all
}

func (p *Profile) sort() {
	slices.SortFunc(p.Manifest.Processes, func(a, b manifest.Process) int { return strings.Compare(a.Name, b.Name) })
}

// addCredentials puts the account files of a process into the profile. Two
// processes may share an account if they agree on it.
func (p *Profile) addCredentials(process model.Process) error {
	if process.CredentialsTree != "" {
		p.Merges = append(p.Merges, Merge{Tree: process.CredentialsTree, Process: process.Name})
		return nil
	}
	if process.Credentials == nil {
		return nil
	}
	set := accounts.FromProperties(process.Credentials.Groups, process.Credentials.Users)
	files, err := set.Files()
	if err != nil {
		return err
	}
	for path, content := range files {
		if other, ok := p.Files[path]; ok && string(other.Content) != content {
			return fmt.Errorf("%s is described differently by another process", strings.TrimPrefix(path, "dysnomia-support/"))
		}
		p.Files[path] = File{Content: []byte(content)}
	}
	return nil
}
