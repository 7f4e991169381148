package network

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Owner is by what a network knows its own on machines that others use, too.
type Owner struct {
	ID       string
	TakeOver bool // what it is to have becomes its own, whoever has it
	// Earlier gives older states of the network, the newest first, if a machine may
	// have something of them.
	Earlier func(machine string) []On
	// From says whether what a machine has was started from what was deployed once.
	From func(Held, Deployed) bool
}

// Settled is what is deployed, when the machines have said what they have.
type Settled struct {
	Deployed On
	Found    map[Place]Held   // what the network itself did not know of
	Lost     map[Place]string // what another network has now, and which
	// Conflicts are lines about what is to be where another network has it.
	Conflicts []string
}

// Settle completes what a network has deployed, as far as it knows, by what its
// machines say. One that was taken out for a while still has what it had, and another
// network may have come to it.
func (o Owner) Settle(deployed, after On, held map[string][]Held) Settled {
	s := Settled{Deployed: On{}, Found: map[Place]Held{}, Lost: map[Place]string{}}
	for machine, there := range deployed {
		s.Deployed[machine] = maps.Clone(there)
	}
	for _, machine := range slices.Sorted(maps.Keys(held)) {
		now, then := byPackage(deployed[machine]), byPackage(after[machine])
		for _, one := range held[machine] {
			o.settle(&s, machine, one, now[one.Name], then[one.Name])
		}
	}
	return s
}

// settle does that for one, which the network knows by one name, and wants by another;
// "" if it does not.
func (o Owner) settle(s *Settled, machine string, held Held, name, wanted string) {
	there, known, wants := s.Deployed[machine], name != "", wanted != ""
	ours, unknown := SameID(held.Network, o.ID), held.Network == ""
	if known && (ours || unknown) {
		return
	}
	was, before := held.Name, Deployed{Package: held.Service, Type: Module, Container: Module}
	if before.Package == "" {
		before.Package = held.Answer.Package // its profile will do
	}
	if ours || unknown {
		if service, one, found := o.earlier(machine, held); found {
			was, before, ours = service, one, true
		}
	}
	switch whose := words(held.Network); {
	case ours:
	case wants && o.TakeOver:
		before.Taken, before.Owner = true, held.Network
		delete(there, name)
	case wants:
		s.Conflicts = append(s.Conflicts, fmt.Sprintf("%s has %s from %s", machine, wanted, whose))
		return
	case known:
		s.Lost[Place{machine, name}] = whose
		delete(there, name)
		return
	default:
		return
	}
	if wants {
		was = wanted
	}
	if _, taken := there[was]; taken { // by a package of another name
		was = filepath.Base(before.Package)
	}
	if there == nil {
		s.Deployed[machine] = map[string]Deployed{}
	}
	s.Deployed[machine][was] = before
	s.Found[Place{machine, was}] = held
}

// LostLines tell what another network has now.
func (s Settled) LostLines() (lines []string) {
	for place, owner := range s.Lost {
		lines = append(lines, fmt.Sprintf("%s on %s is left alone: %s has it now", place.Process, place.Machine, owner))
	}
	slices.Sort(lines)
	return lines
}

// earlier is what a machine has, as the network once deployed it.
func (o Owner) earlier(machine string, held Held) (string, Deployed, bool) {
	for _, on := range o.Earlier(machine) {
		if name := byPackage(on[machine])[held.Name]; name != "" {
			if one := on[machine][name]; one.Package == held.Service || o.From(held, one) {
				return name, one, true
			}
		}
	}
	return "", Deployed{}, false
}

// byPackage are services by the names of their packages, by which a machine knows them.
func byPackage(there map[string]Deployed) map[string]string {
	services := make(map[string]string, len(there))
	for service, one := range there {
		if one.Type == Module {
			_, name, _ := strings.Cut(filepath.Base(one.Package), "-")
			services[name] = service
		}
	}
	return services
}

// SameID says whether two networks are one. Each is an ID, which words for people may
// follow.
func SameID(one, other string) bool {
	one, _, _ = strings.Cut(one, " ")
	other, _, _ = strings.Cut(other, " ")
	return one == other && one != ""
}

func words(network string) string {
	if _, text, _ := strings.Cut(network, " "); text != "" {
		return "the network " + text
	}
	return "a network that it does not know: Disnix itself has deployed it, or an older nixproc"
}
