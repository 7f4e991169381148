package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The suites of the framework before this and of its services work with our test
// driver.
func TestOldSuites(t *testing.T) {
	t.Parallel()
	needs(t, "python3")
	var list strings.Builder
	for _, variable := range []string{oldFramework, oldServices} {
		checkout := os.Getenv(variable)
		if checkout == "" {
			t.Skipf("%s does not name a checkout", variable)
		}
		// Nix evaluates what is beside it, too, which is ours to leave alone.
		err := filepath.WalkDir(filepath.Join(checkout, "tests"), func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.Name() == "default.nix" && strings.Contains(read(t, path), "testService {\n") {
				fmt.Fprintf(&list, "%s = suite %s;\n", nixString(strings.TrimPrefix(filepath.Dir(path), checkout)), nixPath(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	suites := recordSuites(t, fmt.Sprintf(`let
		pkgs = import <nixpkgs> { };
		testService = import %s { };
		suite = path: let f = import path; in f (builtins.intersectAttrs (builtins.functionArgs f) {
			inherit testService;
			inherit (all) profiles;
			# One of them knows only some, and throws at others.
			processManagers = builtins.filter
				(manager: !(pkgs.lib.hasSuffix "xinetd/extendable/default.nix" (toString path)) || builtins.elem manager [ "s6-rc" "supervisord" "systemd" "sysvinit" ])
				all.processManagers;
			inherit pkgs;
			nix-processmgmt = %s;
		});
	in { %s }`, nixPath(checkoutPath(t), "nixproc/test-driver/universal.nix"), nixString(checkoutPath(t)), list.String()))
	if len(suites) < 20 {
		t.Errorf("these are too few: %v", list.String())
	}
	checkSuites(t, suites)
}

// What a suite's parts get, and the order of what they give, with modules of one's
// own for the process manager and the profile. The first machine is also given a
// module by the suite itself.
func TestOwnTestModules(t *testing.T) {
	t.Parallel()
	needs(t, "python3")
	d := newDeployment(t)
	d.write("model.nix", `{ processManager, greeting, place, stateDir ? "/wrong", logDir, extra }:
		{ b = { port = 2; text = "${greeting} ${extra} ${stateDir} ${logDir}"; }; a = { port = 1; text = "${processManager} ${place}"; }; }`)
	d.write("manager.nix", `{ profileSettings, exprFile, extraParams, tools, pkgs, system }: {
		params = profileSettings.params // { greeting = "hello"; stateDir = "/state"; };
		nixosModules = [ ({ pkgs, ... }: { environment.systemPackages = [ (baseNameOf exprFile) ]; }) ];
		systemPackages = [ extraParams.extra ];
		additionalPaths = [ system ];
		deployProcessManager = "machine.succeed('manager ${baseNameOf (toString tools.sysvinit.name)}')\n";
		deploySystem = "machine.succeed('system ${toString profileSettings.deployArgs}')\n";
	}`)
	d.write("profile.nix", `{ params.place = "somewhere"; deployArgs = [ "--one" "two" ]; nixosModules = [ ./module.nix ]; }`)
	d.write("module.nix", `{ users.users.somebody.isNormalUser = true; }`)
	suites := recordSuites(t, fmt.Sprintf(`let
		show = args: builtins.concatStringsSep " " (builtins.attrNames args);
	in { suite = import %s {
		processManagerModules.mine = %s;
		profileSettingModules.ours = %s;
	} {
		name = "suite";
		exprFile = %s;
		processManagers = [ "mine" ];
		profiles = [ "ours" ];
		extraParams.extra = "more";
		nixosConfig.boot.extraSystemdUnitPaths = [ "/units" ];
		systemPackages = [ "third" ];
		initialTests = args: "machine.succeed('first ${show args.processes}: ${show args}')\n";
		readiness = args: "machine.succeed('ready ${args.instanceName} ${args.instance.text}: ${show args}')\n";
		tests = args: "machine.succeed('test ${args.instanceName} ${toString args.instance.port} ${args.processManager}: ${show args}')\n";
		postTests = args: "machine.succeed('last ${args.processes.a.text}: ${show args}')\n";
	}; }`, nixPath(checkoutPath(t), "nixproc/test-driver/agnostic.nix"), nixPath(d.path("manager.nix")), nixPath(d.path("profile.nix")), nixPath(d.path("model.nix"))))
	got := suites["suite"]["ours"]["mine"]
	var lines []string
	for _, call := range callsOn(t, []string{got.TestScript})[0] {
		lines = append(lines, call[1])
	}
	want := `manager nixproc-sysvinit-tools
system --one two
first a b: greeting place processes stateDir
ready a mine somewhere: greeting instance instanceName place stateDir
ready b hello more /state /state/log: greeting instance instanceName place stateDir
test a 1 mine: greeting instance instanceName place processManager stateDir
test b 2 mine: greeting instance instanceName place processManager stateDir
last mine somewhere: greeting place processes stateDir`
	if text := strings.Join(lines, "\n"); text != want {
		t.Errorf("the calls are\n%s\nwant\n%s", text, want)
	}
	machine := got.Machine
	if packages := machine.Environment.SystemPackages; len(packages) != 4 || !strings.HasSuffix(packages[0], "-nixproc-common-tools") ||
		!slices.Equal(packages[1:], []string{"more", "third", "model.nix"}) || !machine.Users.Users["somebody"].IsNormalUser ||
		!slices.Equal(machine.Boot.ExtraSystemdUnitPaths, []string{"/units"}) || len(machine.Virtualisation.AdditionalPaths) != 1 {
		t.Errorf("%+v", machine)
	}
	if !strings.HasPrefix(got.TestScript, "# fmt: off\nstart_all()\n") || got.Name != "suite" {
		t.Errorf("%s: %s", got.Name, got.TestScript)
	}
}
