package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"nixproc/lib/deploy"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/order"
	"nixproc/lib/profile"
	"nixproc/lib/run"
	"nixproc/lib/tempdir"
	"nixproc/nixeval"
)

// disnixTimeout bounds a deployment by Disnix, which may copy a lot.
const disnixTimeout = time.Hour

// networkSwitch has Disnix deploy a processes model to several machines.
func networkSwitch(s *session, o *options, operands []string) error {
	where, err := placeOf("disnix", o)
	if err != nil {
		return err
	}
	lock, err := deploy.Acquire(s.soft, lockFile(where), o.wait)
	if err != nil {
		return err
	}
	defer lock.Release()
	return s.withManifest(o, where, operands, func(manifest string, generation int) error {
		if generation == 0 {
			return s.deployNetwork(o, where, manifest)
		}
		mark, err := where.Mark()
		if err != nil {
			return err
		}
		if err := s.deployNetwork(o, where, manifest); err != nil {
			return errors.Join(err, mark.Restore())
		}
		// Disnix made a generation of its own of it.
		if err := where.Switch(generation); err != nil {
			return err
		}
		return mark.Tidy()
	})
}

// networkPlan shows what networkSwitch would do.
func networkPlan(s *session, o *options, operands []string) error {
	where, err := placeOf("disnix", o)
	if err != nil {
		return err
	}
	return s.withManifest(o, where, operands, func(manifest string, _ int) error {
		changes, err := networkChanges(where, manifest)
		if err != nil {
			return err
		}
		return showNetwork(o, changes)
	})
}

// withManifest calls a function with what the options ask for: a manifest that is
// made of a model, or that of a generation that is there, with its number.
func (s *session) withManifest(o *options, where profile.Profile, operands []string, act func(manifest string, generation int) error) error {
	if err := checkScope(o); err != nil {
		return err
	}
	if o.rollback {
		if o.undeploy || len(operands) > 0 {
			return usageError{"--rollback takes neither a model nor --undeploy"}
		}
		previous, err := generationBefore(where)
		if err != nil {
			return err
		}
		return act(previous.Path, previous.Number)
	}
	if o.infrastructure == "" {
		return usageError{"no machines were given: name the infrastructure model with -i"}
	}
	model, err := networkModel(o, operands)
	if err != nil {
		return err
	}
	temporary, err := tempdir.New()
	if err != nil {
		return err
	}
	defer temporary.Remove()
	manifest, err := s.networkManifest(temporary.Path, o, model)
	if err != nil {
		return err
	}
	return act(manifest, 0)
}

func generationBefore(where profile.Profile) (profile.Generation, error) {
	current, exists, err := where.Current()
	if err != nil {
		return current, err
	}
	if !exists {
		return current, fmt.Errorf("nothing is deployed in the profile %s", where.Path())
	}
	previous, exists, err := where.Before(current.Number)
	if err == nil && !exists {
		err = fmt.Errorf("there is no generation before %d in %s", current.Number, where.Path())
	}
	return previous, err
}

// networkModel is the processes model; an empty one undeploys.
func networkModel(o *options, operands []string) (nixeval.Source, error) {
	if o.processManager != "" {
		if err := knownManager(o.processManager, managers); err != nil {
			return nixeval.Source{}, err
		}
	}
	if o.undeploy {
		if len(operands) > 0 {
			return nixeval.Source{}, usageError{"--undeploy takes no model"}
		}
		return nixeval.Source{}, nil
	}
	model, prebuilt, err := modelOf(operands)
	if err == nil && (prebuilt || model.Flake != nil) {
		err = usageError{model.String() + ": over a network goes a file with a processes model"}
	}
	return model, err
}

// networkManifest evaluates the model, spreads its processes over the machines, and
// has Disnix build what each of them needs.
func (s *session) networkManifest(directory string, o *options, model nixeval.Source) (string, error) {
	models := network.Models{Framework: nixeval.Framework(), ExprFile: model.ExprFile, Arguments: map[string]any{}, Properties: map[string]string{}}
	if models.Framework == "" {
		models.Framework = filepath.Join(directory, "nixproc")
		if err := writeNixFiles(models.Framework, "."); err != nil {
			return "", err
		}
	}
	var err error
	if models.Infrastructure, err = existing("--infrastructure", o.infrastructure); err != nil {
		return "", err
	}
	files := nixeval.NetworkFiles{Infrastructure: models.Infrastructure, Manager: o.chosenManager()}
	if o.distribution != "" && !o.undeploy {
		if files.Distribution, err = existing("--distribution", o.distribution); err != nil {
			return "", err
		}
	}
	if o.hostPackages {
		if o.hostPackagesDir, err = writeHostPackages(directory); err != nil {
			return "", err
		}
	}
	r, err := request(o, cmp.Or(files.Manager, "sysvinit"), model)
	if err != nil {
		return "", err
	}
	nix, err := newNix(s.soft)
	if err != nil {
		return "", err
	}
	described, err := nix.Network(s.soft, r, files)
	if err != nil {
		return "", err
	}
	processes := processesOf(o, described)
	distribution, err := distribute(described, processes)
	if err == nil {
		models.Services, err = network.Services(processes, distribution, described.Machines)
	}
	if err != nil {
		return "", &nixeval.ModelError{Text: err.Error()}
	}
	for _, one := range o.directories() {
		if *one.value != "" {
			models.Arguments[one.name+"Dir"] = *one.value
			models.Properties[one.name+"Dir"] = *one.value
		}
	}
	if o.disableUserChange {
		models.Arguments["forceDisableUserChange"] = true
		models.Properties["forceDisableUserChange"] = "1"
	}
	models.Arguments["callingUser"], models.Arguments["callingGroup"] = r.CallingUser, r.CallingGroup
	models.ExtraParams = described.ExtraParams
	if o.newIDs, err = s.assignOnNetwork(o, r.Manager, model, distribution); err != nil {
		return "", err
	}
	if o.newIDs != nil {
		if err := o.newIDs.pass(directory, &models); err != nil {
			return "", err
		}
	}
	if err := models.Write(directory); err != nil {
		return "", err
	}
	args := []string{"disnix-manifest", "--no-out-link"}
	for _, name := range []string{"services", "infrastructure", "distribution"} {
		args = append(args, "--"+name, filepath.Join(directory, name+".nix"))
	}
	env := append(os.Environ(), "NIXPROC_BUILDER="+nix.Builder)
	if o.hostPackagesDir != "" {
		path := "nixpkgs=" + o.hostPackagesDir
		if own := os.Getenv("NIX_PATH"); own != "" {
			path += ":" + own
		}
		env = append(env, "NIX_PATH="+path)
	}
	result, err := run.Host{}.Run(s.soft, run.Command{Args: args, Env: env, Timeout: disnixTimeout})
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(result.Stdout), nil
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
		one := network.Process{Attribute: attribute}
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
		if manager := described.Machines[machine]; manager != "" && !slices.Contains(managers, manager) {
			return nil, fmt.Errorf("machine '%s': there is no process manager '%s': use %s", machine, manager, strings.Join(managers, ", "))
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

// networkChanges compares a manifest with the current one.
func networkChanges(where profile.Profile, manifest string) ([]network.Change, error) {
	after, err := manifestxml.ReadNetwork(manifest)
	if err != nil {
		return nil, err
	}
	var before manifestxml.Network
	current, exists, err := where.Current()
	if err != nil {
		return nil, err
	}
	if exists {
		if before, err = manifestxml.ReadNetwork(current.Path); err != nil {
			return nil, err
		}
	}
	return network.Compare(placed(before), placed(after)), nil
}

// placed is what a manifest says is on each machine.
func placed(n manifestxml.Network) network.On {
	on := network.On{}
	for _, m := range n.Mappings {
		if on[m.Target] == nil {
			on[m.Target] = map[string]string{}
		}
		on[m.Target][m.Name] = m.Key
	}
	return on
}

// deployNetwork has Disnix go from the current manifest to another one.
func (s *session) deployNetwork(o *options, where profile.Profile, manifest string) error {
	changes, err := networkChanges(where, manifest)
	if err != nil {
		return err
	}
	args := []string{"disnix-deploy", "--profile", where.Name, "--coordinator-profile-path", where.Dir}
	if current, exists, err := where.Current(); err != nil {
		return err
	} else if exists {
		args = append(args, "--old-manifest", current.Path)
	}
	result, err := run.Host{}.Run(s.soft, run.Command{Args: append(args, manifest), Timeout: disnixTimeout})
	if err != nil {
		return networkFailure(s.ctx, err, result.Stderr)
	}
	if err := keepIDs(o); err != nil {
		return err
	}
	return showNetwork(o, changes)
}

// networkFailure says at which machine a deployment failed.
func networkFailure(ctx context.Context, err error, said string) error {
	if lost := network.Lost(said); lost != "" {
		err = fmt.Errorf("the deployment failed at the machine %s; Disnix went back to what was deployed before: %w", lost, err)
	}
	return errors.Join(err, ctx.Err())
}

func showNetwork(o *options, changes []network.Change) error {
	if o.json {
		if changes == nil {
			changes = []network.Change{}
		}
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"processes": changes})
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	counts := map[string]int{}
	for _, change := range changes {
		counts[change.Action]++
		if change.Action != "keep" {
			fmt.Fprintf(table, "%s\t%s\t%s\n", change.Machine, change.Process, change.Action)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	var summary []string
	for _, action := range []string{"keep", "restart", "stop", "start"} {
		if counts[action] > 0 {
			summary = append(summary, fmt.Sprintf("%d to %s", counts[action], action))
		}
	}
	if len(summary) == 0 {
		summary = []string{"nothing to do"}
	}
	_, err := fmt.Println(strings.Join(summary, ", "))
	return err
}
