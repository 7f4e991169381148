package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"nixproc/lib/network"
	"nixproc/lib/profile"
)

// These are the profiles of our module for Dysnomia: one for each process, and one for
// all that s6-rc has.
const (
	heldPrefix   = "dysnomia-"
	heldTogether = heldPrefix + "s6-rc"
)

// machine is what this machine has of networks, for the one that asks, and which
// machine it is. Our module says in the environment who asks, and where it writes things
// down. Whether it runs is looked at only where it may be of the one that asks.
func (s *session) machine(asked []string) (network.Machine, error) {
	var m network.Machine
	records, together := os.Getenv("nixprocRecords"), os.Getenv("nixprocTogether")
	if records == "" {
		return m, nil
	}
	where, err := locate(heldTogether)
	if err != nil {
		return m, err
	}
	m.Self = identity(where)
	profiles, err := heldProfiles(where.Dir, together)
	if err != nil {
		return m, err
	}
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		one := network.Held{Name: name}
		one.Network, one.Service = recorded(filepath.Join(records, name))
		if one.Service == "" {
			one.Service, _ = os.Readlink(filepath.Join(together, name))
		}
		look := network.SameID(one.Network, os.Getenv("nixprocNetwork")) || one.Network == "" && os.Getenv("nixprocUnowned") != ""
		if look && !slices.Contains(asked, profiles[name]) {
			one.Answer = s.answerOrNot(profiles[name])
		}
		m.Held = append(m.Held, one)
	}
	return m, nil
}

// heldProfiles are the profiles of processes by their names, as answerFor takes them.
func heldProfiles(dir, together string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	found := map[string]string{}
	for _, entry := range entries {
		name, ours := strings.CutPrefix(entry.Name(), heldPrefix)
		if !ours || entry.Name() == heldTogether {
			continue
		}
		// The links of its generations lead to the store.
		if to, err := os.Readlink(filepath.Join(dir, entry.Name())); err == nil && strings.HasPrefix(to, entry.Name()+"-") {
			found[name] = entry.Name()
		}
	}
	links, err := os.ReadDir(together)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for _, link := range links {
		found[link.Name()] = heldTogether + "/" + link.Name()
	}
	return found, nil
}

// recorded is whose a process is, and the package that it was activated by.
func recorded(file string) (owner, service string) {
	data, _ := os.ReadFile(file)
	owner, service, _ = strings.Cut(strings.TrimRight(string(data), "\n"), "\n")
	return owner, service
}

// identity tells this machine from all others: by the boot of its kernel, and the
// directory of its profiles there, since containers share a kernel.
func identity(where profile.Profile) string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	for dir, below := where.Dir, ""; ; dir, below = filepath.Dir(dir), filepath.Join(filepath.Base(dir), below) {
		info, err := os.Stat(dir)
		if err == nil {
			stat, known := info.Sys().(*syscall.Stat_t)
			if !known {
				return ""
			}
			return fmt.Sprintf("%s %d %d %s", strings.TrimSpace(string(boot)), stat.Dev, stat.Ino, below)
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
