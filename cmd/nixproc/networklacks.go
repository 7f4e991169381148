package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
)

// tellLacks tells the coordinator of a network which process managers can't be used on
// this machine, of those that it is going to use.
func (s *session) tellLacks() error {
	for name := range strings.FieldsSeq(os.Getenv(network.ManagersWanted)) {
		if err := s.usable(name); err != nil {
			text, err := network.WriteLack(name + " can't be used there: " + err.Error())
			if err != nil {
				return err
			}
			fmt.Print(text)
		}
	}
	return nil
}

// usable asks a process manager for something that it does not have. What options say
// elsewhere, the module's properties do here.
func (s *session) usable(name string) error {
	if name == "supervisord" && os.Getenv("SUPERVISORD_CONF_DIR") == "" {
		return errors.New("nobody said where its configuration is: set the machine's containers.nixproc-process.SUPERVISORD_CONF_DIR in the infrastructure to the directory of its supervisord.conf")
	}
	o := &options{profile: usualProfile, userUnits: os.Getenv("systemdUserServices") == "1"}
	for _, directory := range o.directories() {
		*directory.value = os.Getenv(directory.name + "Dir")
	}
	m, err := s.newManager(name, o)
	if err == nil {
		_, err = m.Status(s.ctx, []manager.Unit{{Name: "nixproc"}})
	}
	if err != nil {
		err = fmt.Errorf("%w\nwhat an option or a variable says on one machine, a property of containers.nixproc-process does in the infrastructure", err)
	}
	return err
}

// wanting has a machine asked for process managers as well.
func wanting(target manifestxml.Target, names map[string]bool) manifestxml.Target {
	target.Containers = maps.Clone(target.Containers)
	properties := maps.Clone(target.Containers[network.Module])
	if properties == nil {
		properties = map[string]string{}
	}
	properties[network.ManagersWanted] = strings.Join(slices.Sorted(maps.Keys(names)), " ")
	target.Containers[network.Module] = properties
	return target
}

// wantingWhatIs has machines asked for the process managers of what a manifest has
// there.
func wantingWhatIs(n manifestxml.Network) (targets []manifestxml.Target) {
	wanted := map[string]map[string]bool{}
	for _, m := range n.Mappings {
		if wanted[m.Target] == nil {
			wanted[m.Target] = map[string]bool{}
		}
		if name := managerOf(m); name != "" {
			wanted[m.Target][name] = true
		}
	}
	for _, target := range n.Targets {
		targets = append(targets, wanting(target, wanted[target.Name]))
	}
	return targets
}

// managerOf is the process manager of a service; "" for one that is not ours.
func managerOf(m manifestxml.Mapping) string {
	if m.Type != network.Module {
		return ""
	}
	if found := manifestOf(m.Package); found != nil {
		return found.Manager
	}
	if _, err := os.Stat(filepath.Join(m.Package, "etc/s6")); err == nil {
		return "s6-rc"
	}
	return ""
}
