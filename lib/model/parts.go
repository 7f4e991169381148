package model

// Parts takes models apart.
type Parts struct {
	whole     Model
	processes map[string]Process  // by attribute
	known     map[string]External // by name: what a part may have outside of it
}

// Parts of the model.
func (m Model) Parts() Parts {
	p := Parts{m, make(map[string]Process, len(m.Processes)), make(map[string]External, len(m.Processes))}
	for _, external := range m.External {
		p.known[external.Name] = external
	}
	for _, process := range m.Processes {
		p.processes[process.Attribute] = process
		if process.Problem == "" {
			p.known[process.Name] = External{Name: process.Name, Dependencies: process.Dependencies, Sequence: process.Sequence}
		}
	}
	return p
}

// Of is the model of some of the processes, by their attributes. What these depend
// on beyond them is outside of it.
func (p Parts) Of(attributes []string) Model {
	part := p.whole
	part.Processes, part.External = nil, nil
	taken := map[string]bool{}
	var wanted []string
	for _, attribute := range attributes {
		process := p.processes[attribute]
		part.Processes = append(part.Processes, process)
		taken[process.Name] = true
		wanted = append(wanted, process.Dependencies...)
	}
	for len(wanted) > 0 {
		name := wanted[len(wanted)-1]
		wanted = wanted[:len(wanted)-1]
		if external, is := p.known[name]; is && !taken[name] {
			taken[name] = true
			part.External = append(part.External, external)
			wanted = append(wanted, external.Dependencies...)
		}
	}
	return part
}
