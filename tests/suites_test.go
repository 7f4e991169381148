package tests

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
)

// machineMethods are those that both test drivers have, ours and that of NixOS.
var machineMethods = []string{
	"succeed", "fail", "execute", "wait_for_open_port", "wait_for_closed_port", "wait_for_file", "wait_for_unit",
	"wait_until_succeeds", "wait_until_fails", "systemctl", "copy_from_host", "sleep",
}

// recorded is what the test driver of NixOS gets.
type recorded struct {
	Name       string
	TestScript string
	Machine    struct {
		Boot        struct{ ExtraSystemdUnitPaths []string }
		Environment struct{ SystemPackages []string }
		Nix         struct{ ExtraOptions string }
		Users       struct {
			Users map[string]struct{ IsNormalUser bool }
		}
		Virtualisation struct{ AdditionalPaths []string }
	}
}

// recordedSuites is suite -> profile -> process manager.
type recordedSuites map[string]map[string]map[string]recorded

// recordSuites evaluates an expression for suites, in which `all` are the process
// managers and profiles that there are, with a Nixpkgs that records.
func recordSuites(t *testing.T, expression string) recordedSuites {
	t.Helper()
	out, err := newStore(t).nix([]string{"NIX_PATH=nixpkgs=" + absolutePath(t, "recording")},
		"nix-instantiate", "--eval", "--strict", "--json", "-E", `let all = {
			processManagers = [ "disnix" "docker" "s6-rc" "supervisord" "systemd" "sysvinit" ];
			profiles = [ "privileged" "unprivileged" ];
		}; in `+expression)
	if err != nil {
		t.Fatal(err)
	}
	suites := recordedSuites{}
	if err := json.Unmarshal([]byte(out), &suites); err != nil {
		t.Fatal(err)
	}
	return suites
}

// Every suite gives a complete test for each process manager and profile.
func TestSuites(t *testing.T) {
	t.Parallel()
	needs(t, "python3")
	suites := recordSuites(t, "import "+nixPath(absolutePath(t, "services"))+" all")
	directories, err := filepath.Glob("services/*/default.nix")
	if err != nil || len(directories) < 8 {
		t.Fatalf("%v: %v", directories, err)
	}
	for _, directory := range directories {
		name := filepath.Base(filepath.Dir(directory))
		profiles, managers := 2, 6
		switch name {
		case "docker": // not in a container, not without root
			profiles, managers = 1, 5
		case "sshd": // not in a container
			managers = 5
		}
		if len(suites[name]) != profiles {
			t.Errorf("%s is tested for %d profiles, want %d", name, len(suites[name]), profiles)
		}
		for profile, tests := range suites[name] {
			if len(tests) != managers {
				t.Errorf("%s is tested by %s users for %d process managers, want %d", name, profile, len(tests), managers)
			}
			for manager, test := range tests {
				paths := slices.Concat(test.Machine.Environment.SystemPackages, test.Machine.Virtualisation.AdditionalPaths)
				for _, path := range storePath.FindAllString(test.TestScript, -1) {
					if !slices.Contains(paths, path) {
						t.Errorf("%s.%s.%s: the machine has no %s:\n%s", name, profile, manager, path, test.TestScript)
					}
				}
			}
		}
	}
	for _, call := range checkSuites(t, suites) {
		if !slices.Contains(machineMethods, call[0]) {
			t.Errorf("machine.%s is not what both drivers have: %q", call[0], call)
		}
	}
}
