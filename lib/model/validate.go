package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/go-multierror"

	"nixproc/lib/order"
)

// longestName leaves room for prefixes and endings within a file name of 255
// bytes (systemd: nix-process-NAME.service).
const longestName = 200

// Validate tells all that is wrong with the model, in words for its author, and
// gives warnings for what is legal and yet perhaps not meant.
func (m Model) Validate() (warnings []string, err error) {
	var problems *multierror.Error
	add := func(format string, args ...any) {
		problems = multierror.Append(problems, fmt.Errorf(format, args...))
	}

	byName := map[string]Process{}
	for _, p := range m.Processes {
		if p.Problem != "" {
			add("process '%s' %s", p.Attribute, p.Problem)
			continue
		}
		if problem := schemaProblem(p); problem != "" {
			add("process '%s' comes from %s", p.Attribute, problem)
			continue
		}
		if !p.Foreign && p.Manager != m.Manager {
			add("process '%s' is written for %s, but this deployment is for %s", p.Attribute, p.Manager, m.Manager)
		}
		if problem := nameProblem(p.Name); problem != "" {
			add("process '%s': its name %q %s", p.Attribute, p.Name, problem)
			continue
		}
		_, problems := ParseReadiness(p.Readiness)
		for _, problem := range problems {
			add("process '%s': %w", p.Attribute, problem)
		}
		// The name of a package without a specification is not that of a process.
		if first, again := byName[p.Name]; again && !same(first, p) && !(first.Foreign && p.Foreign) {
			add("processes '%s' and '%s' have the same name, '%s', but are not the same process", first.Attribute, p.Attribute, p.Name)
			continue
		}
		byName[p.Name] = p
	}

	_, err = m.Ranks()
	var cycle *order.CycleError
	if errors.As(err, &cycle) {
		for _, path := range cycle.Cycles {
			add("the dependencies form a cycle: %s", strings.Join(path, " -> "))
		}
	}
	if problems != nil {
		problems.ErrorFormat = func(all []error) string {
			lines := make([]string, len(all))
			for i, one := range all {
				lines[i] = one.Error()
			}
			return strings.Join(lines, "\n")
		}
	}
	return m.missingDependencies(), problems.ErrorOrNil()
}

func schemaProblem(p Process) string {
	switch {
	case p.Foreign:
		return ""
	case p.Schema > Schema:
		return fmt.Sprintf("newer Nix files than this command (schema %d, this command reads %d): upgrade the command", p.Schema, Schema)
	case p.Schema < Schema-1:
		return fmt.Sprintf("Nix files that are too old for this command (schema %d, this command reads %d and the one before): upgrade the checkout that the expressions import", p.Schema, Schema)
	}
	return ""
}

// Sound is the model without the processes that are wrong by themselves, so
// that the specifications of the others can be looked at.
func (m Model) Sound() Model {
	m.Processes = slices.DeleteFunc(slices.Clone(m.Processes), func(p Process) bool {
		return p.Problem != "" || schemaProblem(p) != "" || !p.Foreign && p.Manager != m.Manager || nameProblem(p.Name) != ""
	})
	return m
}

// Ranks gives the rank of each process, those outside the model included. The
// error is an *order.CycleError.
func (m Model) Ranks() (map[string]int, error) {
	nodes := make([]order.Node, 0, len(m.Processes)+len(m.External))
	seen := map[string]bool{}
	for _, p := range m.Processes {
		if p.Problem != "" || seen[p.Name] {
			continue
		}
		seen[p.Name] = true
		floor, fixed := p.floor()
		nodes = append(nodes, order.Node{Name: p.Name, Dependencies: p.Dependencies, Floor: floor, Fixed: fixed})
	}
	for _, e := range m.External {
		node := order.Node{Name: e.Name, Dependencies: e.Dependencies}
		if e.Sequence != nil {
			node.Floor, node.Fixed = *e.Sequence, true
		}
		nodes = append(nodes, node)
	}
	return order.Ranks(nodes)
}

func (m Model) missingDependencies() []string {
	external := map[string]bool{}
	for _, e := range m.External {
		external[e.Name] = true
	}
	var warnings []string
	for _, p := range m.Processes {
		for _, dependency := range p.Dependencies {
			if external[dependency] {
				warnings = append(warnings, MissingDependency(p.Name, dependency))
			}
		}
	}
	slices.Sort(warnings)
	return slices.Compact(warnings)
}

// MissingDependency is the warning about a dependency that is not in the model.
func MissingDependency(process, dependency string) string {
	return fmt.Sprintf("process '%s' depends on '%s', which is not in the model: nothing here starts it", process, dependency)
}

func nameProblem(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > longestName:
		return fmt.Sprintf("is longer than %d bytes", longestName)
	case name[0] == '.' || name[0] == '-':
		return fmt.Sprintf("begins with '%c'", name[0])
	case strings.Contains(name, "/"):
		return "has a slash in it, so it can't be a file name"
	case strings.ContainsFunc(name, unicode.IsSpace):
		return "has white space in it"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "has a control character in it"
	}
	return ""
}

// same compares two processes without the attribute that they were found under
// and the plain data beside the package.
func same(a, b Process) bool {
	a.Attribute, b.Attribute, a.Attributes, b.Attributes = "", "", nil, nil
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
