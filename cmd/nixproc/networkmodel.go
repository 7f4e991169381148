package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/coordinator"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/order"
	"nixproc/lib/run"
	"nixproc/nixeval"
)

// networkSource is the processes model; an empty one undeploys.
func networkSource(o *options, operands []string) (nixeval.Source, error) {
	if o.undeploy {
		return nixeval.Source{}, nil
	}
	model, prebuilt, err := modelOf(operands)
	if err == nil && (prebuilt || model.Flake != nil) {
		err = usageError{model.String() + ": over a network goes a file with a processes model"}
	}
	return model, err
}

// networkModel is an evaluated model whose processes have their machines.
type networkModel struct {
	network.Models
	described    nixeval.Network
	distribution map[string][]string
	source       nixeval.Source
	nix          nixeval.Nix
	manager      string // with which the model was evaluated
}

// networkModel evaluates the model, and spreads its processes over the machines.
func (s *session) networkModel(directory string, o *options, source nixeval.Source) (networkModel, error) {
	m := networkModel{source: source}
	m.Models = network.Models{ExprFile: source.ExprFile, Arguments: map[string]any{}, Properties: map[string]string{}}
	var err error
	if m.Framework, err = networkFramework(directory); err != nil {
		return m, err
	}
	if m.Infrastructure, err = existing("--infrastructure", o.infrastructure); err != nil {
		return m, err
	}
	files := nixeval.NetworkFiles{
		Infrastructure:  m.Infrastructure,
		ClientInterface: os.Getenv("DISNIX_CLIENT_INTERFACE"), TargetProperty: os.Getenv("DISNIX_TARGET_PROPERTY"),
	}
	if !o.undeploy {
		files.Manager = o.chosenManager()
	}
	if o.distribution != "" {
		if files.Distribution, err = existing("--distribution", o.distribution); err != nil {
			return m, err
		}
	}
	if o.hostPackages {
		if o.hostPackagesDir, err = writeHostPackages(directory); err != nil {
			return m, err
		}
	}
	m.manager = cmp.Or(files.Manager, "sysvinit")
	r, err := request(o, m.manager, source)
	if err != nil {
		return m, err
	}
	if m.nix, err = newNix(s.soft); err != nil {
		return m, err
	}
	if m.described, err = m.nix.Network(s.soft, r, files); err != nil {
		return m, err
	}
	processes := processesOf(o, m.described)
	if m.distribution, err = distribute(m.described, processes); err == nil {
		err = errors.Join(network.Alike(m.distribution, processes), m.addressed(), m.checkProperties())
	}
	if err == nil {
		m.Services, err = network.Services(processes, m.distribution, m.described.Machines)
	}
	if err != nil {
		return m, &nixeval.ModelError{Text: err.Error()}
	}
	for _, one := range o.directories() {
		if *one.value != "" {
			m.Arguments[one.name+"Dir"] = *one.value
			m.Properties[one.name+"Dir"] = *one.value
		}
	}
	if o.disableUserChange {
		m.Arguments["forceDisableUserChange"] = true
		m.Properties["forceDisableUserChange"] = "1"
	}
	m.Arguments["callingUser"], m.Arguments["callingGroup"] = r.CallingUser, r.CallingGroup
	m.ExtraParams = m.described.ExtraParams
	return m, nil
}

// networkFramework is the directory of the framework's Nix files: that which NIXPROC
// names, if it knows of networks.
func networkFramework(directory string) (string, error) {
	framework := nixeval.Framework()
	if framework != "" {
		file := filepath.Join(framework, "network/models.nix")
		if _, err := os.Stat(file); err == nil {
			return framework, nil
		}
		note("NIXPROC: there is no %s: the Nix files of this command are used", file)
	}
	framework = filepath.Join(directory, "nixproc")
	return framework, writeNixFiles(framework, ".")
}

// addressed says which machines nobody could reach, or reaches by two names.
func (m networkModel) addressed() error {
	reached := map[string]string{}
	for _, machine := range slices.Sorted(maps.Keys(m.described.Reach)) {
		reach := m.described.Reach[machine]
		if reach.Address == "" {
			return fmt.Errorf("machine '%s' has no properties.%s, by which Disnix reaches it: %s", machine, reach.Property, m.Infrastructure)
		}
		reached[machine] = reach.Client + " " + reach.Address
	}
	return network.Apart(reached)
}

// checkProperties refuses what our module could do nothing with.
func (m networkModel) checkProperties() error {
	var problems []error
	for _, machine := range slices.Sorted(maps.Keys(m.described.Reach)) {
		problems = append(problems, network.CheckProperties(machine, m.described.Reach[machine].Container))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w: %s", err, m.Infrastructure)
	}
	return nil
}

// used are the machines that have processes, or get some.
func (m networkModel) used(before manifestxml.Network) map[string]bool {
	used := coordinator.Mapped(before)
	for _, machines := range m.distribution {
		for _, machine := range machines {
			used[machine] = true
		}
	}
	return used
}

// targets are the machines, as Disnix is going to reach them, asked for what they are
// going to need.
func (m networkModel) targets() (targets []manifestxml.Target) {
	wanted := map[string]map[string]bool{}
	for _, service := range m.Services {
		for _, machine := range service.Machines {
			wanted[machine] = map[string]bool{service.Manager: true}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.described.Reach)) {
		reach := m.described.Reach[name]
		properties := maps.Clone(m.Properties)
		maps.Copy(properties, reach.Container)
		target := manifestxml.Target{
			Name: name, Address: reach.Address, ClientInterface: reach.Client,
			Containers: map[string]map[string]string{network.Module: properties},
		}
		targets = append(targets, coordinator.Wanting(target, wanted[name]))
	}
	return targets
}

// networkManifest has Disnix build what each of the machines needs.
func (s *session) networkManifest(directory string, o *options, m networkModel) (string, error) {
	args := []string{"disnix-manifest", "--no-out-link"}
	for _, name := range []string{"services", "infrastructure", "distribution"} {
		args = append(args, "--"+name, filepath.Join(directory, name+".nix"))
	}
	env := append(os.Environ(), "NIXPROC_BUILDER="+m.nix.Builder)
	if o.hostPackagesDir != "" {
		path := "nixpkgs=" + o.hostPackagesDir
		if own := os.Getenv("NIX_PATH"); own != "" {
			path += ":" + own
		}
		env = append(env, "NIX_PATH="+path)
	}
	result, err := run.Host{}.Run(s.soft, run.Command{Args: args, Env: env, Timeout: coordinator.DisnixTimeout})
	if s.soft.Err() != nil {
		return "", errors.New("interrupted: disnix-manifest was stopped")
	}
	if e, ok := errors.AsType[*run.Error](err); ok && e.Code > 0 {
		// The command line has files that are gone when it can be read.
		return "", fmt.Errorf("disnix-manifest can't build what the machines need:\n%s", cmp.Or(nixeval.OnlyErrors(result.Stderr), "it says nothing of why"))
	}
	return strings.TrimSpace(result.Stdout), err
}

// processesOf are those of an evaluated network, with what each depends on.
func processesOf(o *options, described nixeval.Network) []network.Process {
	if o.undeploy {
		return nil
	}
	attributes := map[string]string{}
	for attribute, process := range described.Processes {
		attributes[process.Name] = attribute
	}
	var processes []network.Process
	for _, attribute := range slices.Sorted(maps.Keys(described.Processes)) {
		one := network.Process{Attribute: attribute, Name: described.Processes[attribute].Name}
		for _, name := range described.Processes[attribute].After {
			if other, found := attributes[name]; found {
				one.After = append(one.After, other)
			}
		}
		processes = append(processes, one)
	}
	return processes
}

// distribute says on which machines each process is: as somebody has written, or
// else as the names have it.
func distribute(described nixeval.Network, processes []network.Process) (map[string][]string, error) {
	machines := slices.Sorted(maps.Keys(described.Machines))
	for _, machine := range machines {
		if manager := described.Machines[machine]; len(processes) > 0 && manager != "" && !slices.Contains(onMachines, manager) {
			return nil, fmt.Errorf("machine '%s': it can't have the process manager '%s': use %s", machine, manager, strings.Join(onMachines, ", "))
		}
		if err := network.CheckMachine(machine); err != nil {
			return nil, err
		}
	}
	var nodes []order.Node
	for _, process := range processes {
		nodes = append(nodes, order.Node{Name: process.Attribute, Dependencies: process.After})
	}
	if _, err := order.Ranks(nodes); err != nil {
		return nil, err
	}
	if described.Distribution != nil {
		return described.Distribution, network.Check(described.Distribution, machines, processes)
	}
	chosen, err := network.Distribute(machines, processes)
	distribution := map[string][]string{}
	for attribute, machine := range chosen {
		distribution[attribute] = []string{machine}
	}
	return distribution, err
}
