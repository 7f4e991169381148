package coordinator

import (
	"os"
	"path/filepath"
	"slices"

	"nixproc/lib/manifest"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/plan"
)

// Placed is what a manifest says is on each machine.
func Placed(n manifestxml.Network) network.On {
	names := map[manifestxml.Dependency]string{}
	for _, m := range n.Mappings {
		names[manifestxml.Dependency{Target: m.Target, Key: m.Key}] = m.Name
	}
	on := network.On{}
	for _, m := range n.Mappings {
		if on[m.Target] == nil {
			on[m.Target] = map[string]network.Deployed{}
		}
		one := network.Deployed{Package: m.Package, Type: m.Type, Container: m.Container}
		for _, dependency := range m.DependsOn {
			one.After = append(one.After, network.Place{Machine: dependency.Target, Process: names[dependency]})
		}
		on[m.Target][m.Name] = one
	}
	return on
}

// goesOn says whether nixproc, on the machine, leaves the process of one package
// running when it deploys the other.
func goesOn(old, now network.Deployed) bool {
	if old.Type != network.Module || now.Type != network.Module || old.Container != now.Container {
		return false
	}
	before, after := ManifestOf(old.Package), ManifestOf(now.Package)
	return before != nil && after != nil && before.Manager == after.Manager &&
		slices.EqualFunc(before.Processes, after.Processes, func(was, is manifest.Process) bool {
			return was.Name == is.Name && was.Key == is.Key && !was.Foreign && !is.Foreign
		})
}

// ManifestOf is that of the profile that a service's package leads to; nil if it has
// none.
func ManifestOf(service string) *manifest.Manifest {
	if profile := profileOf(service); profile != "" {
		if found, err := manifest.Read(profile); err == nil {
			return found
		}
	}
	return nil
}

// profileOf is the profile that a service's package leads to; "" if it leads to none.
func profileOf(service string) string {
	links, _ := filepath.Glob(filepath.Join(service, network.ServiceDir, "*"))
	if len(links) != 1 {
		return ""
	}
	profile, _ := os.Readlink(links[0])
	return profile
}

// Mapped are the machines that have something.
func Mapped(n manifestxml.Network) map[string]bool {
	used := map[string]bool{}
	for _, m := range n.Mappings {
		used[m.Target] = true
	}
	return used
}

// Changed are the machines on which something happens.
func Changed(changes []network.Change) map[string]bool {
	used := map[string]bool{}
	for _, change := range changes {
		if change.Action != plan.Keep {
			used[change.Machine] = true
		}
	}
	return used
}
