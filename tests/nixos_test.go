package tests

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// nixos is a machine whose units are those that the NixOS module defines.
type nixos struct {
	*systemdMachine
	marker int // what the processes of this test have in their command lines
}

func newNixOS(t *testing.T) *nixos {
	t.Helper()
	n := &nixos{systemdMachine: newUnbootedMachine(t, newStore(t)), marker: freePorts(t, 1)[0] * 1000}
	// The profile is in Nix's own directory for them, as on NixOS.
	n.env = slices.DeleteFunc(n.env, func(variable string) bool { return strings.HasPrefix(variable, "NIX_USER_PROFILE_DIR=") })
	return n
}

// model is a function, as a configuration has it: processes that sleep, each with
// a number of its own.
func (n *nixos) model(processes string) string {
	return fmt.Sprintf(`{ pkgs, stateDir, runtimeDir, logDir, tmpDir, forceDisableUserChange, processManager, more }:
      let
        create = import %s { inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager; };
        sleeper = name: number: { pkg = create {
          inherit name; instanceName = name;
          foregroundProcess = "${pkgs.coreutils}/bin/sleep"; args = [ (%d + number) ];
          overrides.sysvinit.runlevels = [ 3 ];
        }; };
        failing.pkg = create { name = "failing"; instanceName = "failing"; foregroundProcess = "${pkgs.coreutils}/bin/false"; overrides.sysvinit.runlevels = [ 3 ]; };
      in rec { %s }`, frameworkOf(n.t, "create-managed-process/universal/create-managed-process-universal.nix"), n.marker, processes)
}

// units builds the units of a configuration.
func (n *nixos) unitsOf(settings string) string {
	n.t.Helper()
	return n.store.build(n.t, fmt.Sprintf(`import %s {
      inherit pkgs;
      module = %s;
      environment = { NIX_STATE_DIR = %q; NIX_STORE_DIR = %q; };
      settings = {
        enable = true;
        stateDir = %q;
        extraParams.more = true;
        # The machine has another /etc after each boot.
        forceDisableUserChange = true;
        package = pkgs.runCommand "nixproc" { } "mkdir -p $out/bin; cp ${/. + %q} $out/bin/nixproc";
      } // %s;
    }`, absolute(n.t, "nixos/units.nix"), absolute(n.t, "../nixos"), n.store.dir+"/var/nix", n.store.dir+"/store", n.path("state"), n.binary, settings))
}

// rebuild does what nixos-rebuild switch does with units: it stops those that
// are gone, reloads those that have changed and say so, and starts the others.
func (n *nixos) rebuild(settings string) outcome {
	n.t.Helper()
	before := n.snapshot()
	var gone, reloaded, started []string
	built := n.unitsOf(settings)
	for name := range before {
		if _, err := os.Stat(filepath.Join(built, name)); os.IsNotExist(err) && !strings.Contains(name, "/") {
			gone = append(gone, name)
		}
	}
	r := n.each("stop", gone)
	n.put(built)
	after := n.snapshot()
	for name, text := range after {
		switch {
		case strings.Contains(name, "/") || before[name] == text:
		case before[name] == "":
			started = append(started, name)
		case strings.Contains(text, "X-ReloadIfChanged=true"):
			reloaded = append(reloaded, name)
		}
	}
	n.systemctl("daemon-reload")
	for _, next := range []outcome{n.each("reload", reloaded), n.each("start", started)} {
		if next.code != 0 {
			r = next
		}
	}
	return r
}

// each calls systemctl if there are units, in the order of their names as NixOS
// does.
func (n *nixos) each(verb string, units []string) outcome {
	n.t.Helper()
	if len(units) == 0 {
		return outcome{}
	}
	slices.Sort(units)
	return n.systemctl(append([]string{verb}, units...)...)
}

// put replaces the unit files.
func (n *nixos) put(built string) {
	n.t.Helper()
	// The directory is mounted in the machine, so it stays.
	if r := n.program("sh", "-ec", `mkdir -p "$1"; rm -rf "$1"/*; cp -RP "$2"/. "$1"; chmod -R u+w "$1"`, "sh", n.units, built); r.code != 0 {
		n.t.Fatal(r.stderr)
	}
}

// sleeping gives the processes of the model that run: their numbers, with what
// tells one from another.
func (n *nixos) sleeping() map[int]string {
	n.t.Helper()
	found := map[int]string{}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		n.t.Fatal(err)
	}
	for _, file := range lines {
		line, _ := os.ReadFile(file)
		words := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		number, err := strconv.Atoi(words[len(words)-1])
		if err != nil || len(words) != 2 || filepath.Base(words[0]) != "sleep" || number < n.marker || number >= n.marker+1000 {
			continue
		}
		if found[number-n.marker] != "" {
			n.t.Errorf("process %d runs twice", number-n.marker)
		}
		found[number-n.marker] = filepath.Dir(file)
	}
	return found
}

// sleeps checks which processes run.
func (n *nixos) sleeps(when string, numbers ...int) map[int]string {
	n.t.Helper()
	got := n.sleeping()
	if !slices.Equal(slices.Sorted(maps.Keys(got)), numbers) {
		n.t.Errorf("%s, %v run, want %v\n%s", when, got, numbers, n.inside("sh", "-c", "systemctl status 'nixproc*' --no-pager; journalctl --no-pager | tail -50").stdout)
	}
	return got
}

func (n *nixos) generation() string {
	n.t.Helper()
	link, err := os.Readlink(filepath.Join(n.store.dir, "var/nix/profiles", fmt.Sprint("boot", n.marker)))
	if err != nil {
		n.t.Error(err)
	}
	return link
}

// What the NixOS module says really happens: the processes of the model run after
// a boot; a rebuild restarts what has changed, or nothing if it fails; a shutdown
// leaves the profile alone; and without the module nothing is left.
func TestNixOSModule(t *testing.T) {
	t.Parallel()
	for _, manager := range []string{"sysvinit", "systemd", "supervisord", "s6-rc"} {
		t.Run(manager, func(t *testing.T) {
			t.Parallel()
			for _, program := range map[string][]string{
				"sysvinit": {"daemon"}, "supervisord": {"supervisord"}, "s6-rc": {"s6-rc-compile", "s6-svscan"},
			}[manager] {
				needs(t, program)
			}
			n := newNixOS(t)
			if manager == "s6-rc" {
				n.hostNeeds("s6-rc") // on PATH alone, Nix does not find it
			}
			settings := func(processes string) string {
				return fmt.Sprintf(`{ processManager = %q; profile = "boot%d"; processes = %s; }`, manager, n.marker, n.model(processes))
			}
			first := settings(`a = sleeper "a" 1; b = sleeper "b" 2;`)
			n.put(n.unitsOf(first))
			n.boot()
			booted := n.sleeps("after a boot", 1, 2)

			second := settings(`a = sleeper "a" 1; b = sleeper "b" 22; c = sleeper "c" 3;`)
			if r := n.rebuild(second); r.code != 0 {
				t.Errorf("rebuild: exit code %d\n%s", r.code, r.stderr)
			}
			rebuilt := n.sleeps("after a rebuild", 1, 3, 22)
			if booted[1] != rebuilt[1] {
				t.Errorf("a did not change, and was restarted: %s, %s", booted[1], rebuilt[1])
			}

			if r := n.rebuild(settings(`a = sleeper "a" 11; bad = failing;`)); r.code == 0 {
				t.Error("a rebuild with a process that ends at once succeeds")
			}
			n.sleeps("after a rebuild that failed", 1, 3, 22)

			n.rebuild(second)
			before := n.generation()
			n.systemctl("poweroff")
			init, _ := strconv.Atoi(n.enter[2])
			gone(t, init)
			n.input.Close()
			n.sleeps("after a shutdown")
			if after := n.generation(); after != before {
				t.Errorf("a shutdown moves the profile from %s to %s", before, after)
			}
			n.boot()
			n.sleeps("after another boot", 1, 3, 22)
			if after := n.generation(); after != before {
				t.Errorf("a boot moves the profile from %s to %s", before, after)
			}

			if r := n.rebuild(`{ enable = false; processes = { }; }`); r.code != 0 {
				t.Errorf("rebuild without it: exit code %d\n%s", r.code, r.stderr)
			}
			n.sleeps("without the module")
			manifest := read(t, n.store.dir, "var/nix/profiles", n.generation(), "nixproc.json")
			if n.generation() == before || !strings.Contains(manifest, `"processes": []`) {
				t.Errorf("without the module the profile is at %s:\n%s\n%s", n.generation(), manifest, n.inside("journalctl", "--no-pager", "-n", "60").stdout)
			}
			if left := mentions(t, n.path("state")+"/"); len(left) > 0 {
				t.Errorf("left are\n%s", strings.Join(left, "\n"))
			}
		})
	}
}

// Wrong settings are refused when the system is evaluated.
func TestNixOSModuleRefuses(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for settings, want := range map[string]string{
		`{ enable = true; processes = { }; processManager = "launchd"; }`: "processManager is not one of",
		`{ enable = true; }`: "processes is not set",
		`{ enable = true; processes = { }; profile = "a/b"; }`:           "profile is not text like",
		`{ enable = true; processes = _: 1; }`:                           "gives a number, where a set of processes is due",
		`{ enable = true; processes = { needed }: { }; }`:                "services.nixproc.processes has arguments without a default that nobody gives: needed",
		`{ enable = true; processes = { }; processManager = "docker"; }`: "virtualisation.docker.enable does not enable",
		`{ enable = true; processes = { }; }; mutableUsers = false`:      "set services.nixproc.forceDisableUserChange",
		`{ enable = true; processes = { }; reboot = true; }`:             "there is no option services.nixproc.reboot",
		`{ enable = true; processes = { }; stateDir = 1; }`:              "stateDir is not null or text",
	} {
		_, err := s.tryBuild(fmt.Sprintf(`import %s { inherit pkgs; module = %s; settings = { package = pkgs.coreutils; } // %s; }`,
			absolute(t, "nixos/units.nix"), absolute(t, "../nixos"), settings))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
}
