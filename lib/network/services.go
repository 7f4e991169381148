package network

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Service is a process under one process manager, on some machines: what Disnix
// can deploy.
type Service struct {
	Name     string   `json:"-"`
	Machines []string `json:"-"`
	Process  string   `json:"process"` // attribute in the model
	Manager  string   `json:"manager"`
	Type     string   `json:"type"`  // the module of Dysnomia
	After    []string `json:"after"` // names of services
}

// Module is the module of Dysnomia that has nixproc do the work on a machine.
const Module = "nixproc-process"

// Services turns processes into services. Where a process is on machines with
// different process managers, each of these has a service of its own, NAME-MANAGER.
func Services(processes []Process, distribution map[string][]string, managers map[string]string) ([]Service, error) {
	names := map[string][]string{}
	var services []Service
	for _, process := range processes {
		by := map[string][]string{}
		for _, machine := range distribution[process.Attribute] {
			manager := managers[machine]
			if manager == "" {
				return nil, fmt.Errorf("machine '%s' has no process manager: say which with -P, or as properties.processManager in the infrastructure", machine)
			}
			by[manager] = append(by[manager], machine)
		}
		for _, manager := range slices.Sorted(maps.Keys(by)) {
			one := Service{Name: process.Attribute, Machines: by[manager], Process: process.Attribute, Manager: manager, Type: Module}
			if len(by) > 1 {
				one.Name += "-" + manager
			}
			if manager == "disnix" {
				one.Type = "process" // the package is for that module alone
			}
			names[process.Attribute] = append(names[process.Attribute], one.Name)
			services = append(services, one)
		}
	}
	after := map[string][]string{}
	for _, process := range processes {
		after[process.Attribute] = []string{}
		for _, dependency := range process.After {
			after[process.Attribute] = append(after[process.Attribute], names[dependency]...)
		}
	}
	seen := map[string]bool{}
	for i, service := range services {
		if seen[service.Name] {
			return nil, fmt.Errorf("two services would be called '%s': rename a process", service.Name)
		}
		seen[service.Name] = true
		services[i].After = after[service.Process]
	}
	return services, nil
}

// Change is what a deployment does to a process on a machine.
type Change struct {
	Machine string `json:"machine"`
	Process string `json:"process"`
	Action  string `json:"action"` // start, stop, restart, keep
}

// On says what is on a machine: keys by names of services.
type On map[string]map[string]string

// Compare tells what leads from one state to another. Disnix restarts what has
// another key: the package is another one, or that of something that it depends on.
func Compare(before, after On) []Change {
	var changes []Change
	for _, machine := range slices.Sorted(maps.Keys(union(before, after))) {
		for _, name := range slices.Sorted(maps.Keys(union(before[machine], after[machine]))) {
			old, was := before[machine][name]
			key, is := after[machine][name]
			action := "keep"
			switch {
			case !was:
				action = "start"
			case !is:
				action = "stop"
			case key != old:
				action = "restart"
			}
			changes = append(changes, Change{machine, name, action})
		}
	}
	return changes
}

func union[V any](one, other map[string]V) map[string]V {
	all := maps.Clone(other)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, one)
	return all
}

// Lost is the address of the machine at which a deployment ended, by what
// disnix-deploy said; "" if it names none.
func Lost(said string) string {
	for line := range strings.Lines(said) {
		address, rest, found := strings.Cut(strings.TrimPrefix(line, "[target: "), "]: ")
		if found && strings.HasPrefix(line, "[target: ") && (strings.Contains(rest, "failed") || strings.HasPrefix(rest, "Cannot ")) {
			return address
		}
	}
	return ""
}
