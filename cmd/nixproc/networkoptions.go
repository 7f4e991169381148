package main

import (
	"slices"
	"strings"
)

// onMachines are the process managers that a machine of a network can have: Disnix
// is what reaches the machines.
var onMachines = slices.DeleteFunc(slices.Clone(managers), func(name string) bool { return name == "disnix" })

// ofAssignment are the options that say how unique IDs are assigned.
var ofAssignment = []string{"id-resources", "ids", "id-scope", "service-property"}

// checkNetworkOptions refuses command lines of which a part would have no effect.
func checkNetworkOptions(o *options, operands []string) error {
	manager := o.chosenManager()
	switch {
	case o.rollback && (o.undeploy || len(operands) > 0):
		return usageError{"--rollback takes neither a model nor --undeploy"}
	case o.rollback:
		without := append([]string{"infrastructure", "distribution", "process-manager", "extra-params", "host-packages", "show-trace", "force-disable-user-change"}, ofAssignment...)
		for _, directory := range o.directories() {
			without = append(without, directory.name+"-dir")
		}
		return o.needless("--rollback goes back to a generation, which has its machines, packages and directories in it", without)
	case o.infrastructure == "":
		return usageError{"no machines were given: name the infrastructure model with -i"}
	case o.undeploy && len(operands) > 0:
		return usageError{"--undeploy takes no model"}
	case o.undeploy:
		return o.needless("--undeploy evaluates no model", append([]string{"distribution", "process-manager", "extra-params"}, ofAssignment...))
	case manager == "disnix":
		return usageError{"disnix is what reaches the machines: -P names the process manager that they have, " + strings.Join(onMachines, ", ")}
	case manager != "" && !slices.Contains(onMachines, manager):
		return unknownManager(manager, onMachines)
	case o.idScope != "machine" && o.idScope != "network":
		return usageError{"--id-scope is machine or network, not '" + o.idScope + "'"}
	case o.ids == "" && o.idResources == "":
		return o.needless("without --id-resources and --ids no IDs are assigned", ofAssignment)
	}
	return checkIDOptions(o)
}

// needless refuses options that would have no effect, for a reason.
func (o *options) needless(why string, names []string) error {
	for _, name := range names {
		if o.given(name) {
			return usageError{why + ": leave out --" + name}
		}
	}
	return nil
}
