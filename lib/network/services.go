package network

import (
	"fmt"
	"maps"
	"slices"
)

// Service is a process under one process manager, on some machines: what Disnix
// can deploy.
type Service struct {
	Name     string   `json:"-"`
	Machines []string `json:"-"`
	Process  string   `json:"process"` // attribute in the model
	Manager  string   `json:"manager"`
	After    []string `json:"after"` // names of services
}

// Module is the module of Dysnomia that has nixproc do the work on a machine.
const Module = "nixproc-process"

// ServiceDir is where a service's package has a link to its profile. Disnix puts all
// packages of a machine into one tree, so its name has the hash of the profile.
const ServiceDir = "share/nixproc"

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
			one := Service{Name: process.Attribute, Machines: by[manager], Process: process.Attribute, Manager: manager}
			if len(by) > 1 {
				one.Name += "-" + manager
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
