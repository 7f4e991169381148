package coordinator

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
)

// Wanting has a machine asked for process managers as well.
func Wanting(target manifestxml.Target, names map[string]bool) manifestxml.Target {
	properties := map[string]string{}
	maps.Copy(properties, target.Containers[network.Module])
	properties[network.ManagersWanted] = strings.Join(slices.Sorted(maps.Keys(names)), " ")
	containers := map[string]map[string]string{}
	maps.Copy(containers, target.Containers)
	containers[network.Module] = properties
	target.Containers = containers
	return target
}

// WantingWhatIs has machines asked for the process managers of what a manifest has
// there.
func WantingWhatIs(n manifestxml.Network) (targets []manifestxml.Target) {
	wanted := managersOn(n)
	for _, target := range n.Targets {
		targets = append(targets, Wanting(target, wanted[target.Name]))
	}
	return targets
}

// wantingWhatWas has machines asked for the process managers of what was deployed
// there as well, since that may have to be stopped.
func wantingWhatWas(before manifestxml.Network, targets []manifestxml.Target) (wanting []manifestxml.Target) {
	managers := managersOn(before)
	for _, target := range targets {
		names := map[string]bool{}
		for name := range strings.FieldsSeq(target.Containers[network.Module][network.ManagersWanted]) {
			names[name] = true
		}
		maps.Copy(names, managers[target.Name])
		wanting = append(wanting, Wanting(target, names))
	}
	return wanting
}

func managersOn(n manifestxml.Network) map[string]map[string]bool {
	wanted := map[string]map[string]bool{}
	for _, m := range n.Mappings {
		if wanted[m.Target] == nil {
			wanted[m.Target] = map[string]bool{}
		}
		if name := managerOf(m); name != "" {
			wanted[m.Target][name] = true
		}
	}
	return wanted
}

// managerOf is the process manager of a service; "" for one that is not ours.
func managerOf(m manifestxml.Mapping) string {
	if m.Type != network.Module {
		return ""
	}
	if found := ManifestOf(m.Package); found != nil {
		return found.Manager
	}
	if _, err := os.Stat(filepath.Join(m.Package, "etc/s6")); err == nil {
		return "s6-rc"
	}
	return ""
}
