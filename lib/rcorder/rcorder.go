// Package rcorder orders BSD rc scripts by the conditions in their first lines,
// as rcorder(8) of FreeBSD does. It knows texts and names only, neither files
// nor process managers.
package rcorder

import (
	"errors"
	"slices"
	"strings"

	"nixproc/lib/order"
)

// Script is what the first lines of a script say.
type Script struct {
	Name     string   // tells it from the others
	Provides []string // conditions that hold once it has started
	Requires []string // conditions that have to hold before
	Before   []string // conditions that it has to come before
	Keywords []string
}

// Parse reads the lines "# PROVIDE: …" and their like. Only the first block of
// such lines counts.
func Parse(name, text string) Script {
	script := Script{Name: name}
	within := false
	for line := range strings.Lines(text) {
		list, words := script.list(line)
		if list == nil {
			if within {
				break
			}
			continue
		}
		within = true
		*list = append(*list, words...)
	}
	return script
}

// list gives the list that a line adds words to, nil if it adds to none.
func (s *Script) list(line string) (*[]string, []string) {
	rest, ok := strings.CutPrefix(line, "# ")
	keyword, words, colon := strings.Cut(rest, ":")
	if !ok || !colon {
		return nil, nil
	}
	// The plural is as good, but for BEFORE.
	list := map[string]*[]string{
		"PROVIDE": &s.Provides, "PROVIDES": &s.Provides,
		"REQUIRE": &s.Requires, "REQUIRES": &s.Requires,
		"BEFORE":  &s.Before,
		"KEYWORD": &s.Keywords, "KEYWORDS": &s.Keywords,
	}[keyword]
	return list, strings.Fields(words)
}

// Ranks gives each script a rank above those of all scripts that have to come
// before it. A condition that no script provides is passed over. Where scripts
// wait for each other, the error is an *order.CycleError; the ranks are then
// those without the first condition of each cycle, since rcorder(8) goes on,
// too.
func Ranks(scripts []Script) (map[string]int, error) {
	providers := map[string][]string{}
	for _, script := range scripts {
		for _, condition := range script.Provides {
			providers[condition] = append(providers[condition], script.Name)
		}
	}
	after := make(map[string][]string, len(scripts)) // name -> what comes before it
	for _, script := range scripts {
		for _, condition := range script.Requires {
			after[script.Name] = append(after[script.Name], without(providers[condition], script.Name)...)
		}
		for _, condition := range script.Before {
			for _, other := range without(providers[condition], script.Name) {
				after[other] = append(after[other], script.Name)
			}
		}
	}
	var first error
	for {
		nodes := make([]order.Node, len(scripts))
		for i, script := range scripts {
			nodes[i] = order.Node{Name: script.Name, Dependencies: after[script.Name]}
		}
		ranks, err := order.Ranks(nodes)
		cycle, is := errors.AsType[*order.CycleError](err)
		if !is {
			return ranks, errors.Join(first, err)
		}
		if first == nil {
			first = cycle
		}
		for _, path := range cycle.Cycles {
			after[path[0]] = without(after[path[0]], path[1])
		}
	}
}

func without(names []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == one })
}
