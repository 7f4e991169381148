package tests

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// checkoutPath is this tree.
func checkoutPath(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// nixString quotes a string for Nix.
func nixString(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", `\${`).Replace(text) + `"`
}

// ports are those of an example's processes, by name.
type ports map[string]int

func freePortsFor(t *testing.T, names ...string) ports {
	t.Helper()
	p := ports{}
	for i, port := range freePorts(t, len(names)) {
		p[names[i]] = port
	}
	return p
}

// params is the option that gives the ports to an example, with more Nix
// attributes beside them.
func (p ports) params(more ...string) string {
	var webapps, proxies strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p)) {
		to := &proxies
		if strings.HasPrefix(name, "webapp") {
			to = &webapps
		}
		fmt.Fprintf(to, "%s = %d; ", name, p[name])
	}
	return fmt.Sprintf("--extra-params={ ids = { webappPorts = { %s}; nginxPorts = { %s}; uids = {}; gids = {}; }; %s }",
		&webapps, &proxies, strings.Join(more, " "))
}

var (
	simpleNames   = []string{"webapp", "nginx"}
	advancedNames = []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "webapp6", "nginx", "nginx2"}
)

// writeAdvanced writes a copy of the advanced example to another folder, with
// texts replaced, each of which it has to contain.
func (d *deployment) writeAdvanced(name string, replacements ...string) string {
	d.t.Helper()
	text := read(d.t, example(d.t, "webapps-agnostic", "processes-advanced.nix"))
	constructors := func(folder string) string {
		return "(/. + " + nixString(example(d.t, folder, "constructors/constructors.nix")) + ")"
	}
	replacements = append([]string{
		"import ./constructors/constructors.nix", "import " + constructors("webapps-agnostic"),
		"import ../services-agnostic/constructors/constructors.nix", "import " + constructors("services-agnostic"),
	}, replacements...)
	for i := 0; i < len(replacements); i += 2 {
		if !strings.Contains(text, replacements[i]) {
			d.t.Fatalf("the example does not contain %q", replacements[i])
		}
		text = strings.ReplaceAll(text, replacements[i], replacements[i+1])
	}
	return d.write(name, text)
}

// model writes a processes model. In its text, which is the body of a function
// of the usual arguments, these are there:
//
//	create     createManagedProcess
//	script     NAME TEXT -> path of an executable shell script
//	sleeper    NAME SET -> { pkg = …; }, a process that sleeps, with more arguments
//	daemon     NAME TEXT DEPENDENCIES -> { pkg = …; }, a shell script that has to
//	           become a daemon by itself and to write its pid to $PID_FILE
//
// All of them start in runlevels 3, 4 and 5.
func (d *deployment) model(name, body string) string {
	d.t.Helper()
	return d.modelOf(checkoutPath(d.t), name, body)
}

// modelOf is model with the Nix files of another tree.
func (d *deployment) modelOf(tree, name, body string) string {
	d.t.Helper()
	return d.write(name, `{ pkgs ? import <nixpkgs> { inherit system; }, system ? builtins.currentSystem
, stateDir ? "/var", runtimeDir ? "${stateDir}/run", logDir ? "${stateDir}/log", tmpDir ? "${stateDir}/tmp"
, forceDisableUserChange ? false, processManager }:
let
  create = import (/. + `+nixString(filepath.Join(tree, "nixproc/create-managed-process/universal/create-managed-process-universal.nix"))+`) {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager;
  };
  script = name: text: "${pkgs.writeTextFile { inherit name; executable = true; text = "#!${pkgs.stdenv.shell}\n" + text; }}";
  sleeper = name: more: {
    pkg = create ({
      inherit name;
      instanceName = name;
      foregroundProcess = "${pkgs.coreutils}/bin/sleep";
      args = [ 1000 ];
      overrides.sysvinit.runlevels = [ 3 4 5 ];
    } // more);
  };
  daemon = name: text: dependencies: {
    pkg = create {
      inherit name dependencies;
      instanceName = name;
      daemon = script name text;
      environment.PID_FILE = "${runtimeDir}/${name}.pid";
      overrides.sysvinit.runlevels = [ 3 4 5 ];
    };
  };
in
`+body+"\n")
}

// selfDaemon is an attribute of a model: a process that makes itself a daemon,
// with a pid file, under managers that want processes in the foreground.
func selfDaemon(name string) string {
	return fmt.Sprintf(`%[1]s.pkg = create {
  name = %[1]q; pidFile = "${runtimeDir}/%[1]s.pid"; environment.PID_FILE = "${runtimeDir}/%[1]s.pid";
  daemon = script %[1]q "sleep 1000 >/dev/null 2>&1 & echo $! >\"$PID_FILE\"";
};
`, name)
}

// hostNeeds skips a test that the host has not the packages for, by their names
// in hostpkgs.
func (d *deployment) hostNeeds(packages ...string) {
	d.t.Helper()
	for _, name := range packages {
		if !hostHas(d.t, name) {
			d.t.Skipf("the host has no %s", name)
		}
	}
}

// hostPackages says, by names, which packages the host has. It is asked once.
var hostPackages sync.Map

func hostHas(t *testing.T, name string) bool {
	t.Helper()
	if has, asked := hostPackages.Load(name); asked {
		return has.(bool)
	}
	has := !strings.Contains(newStore(t).eval(t, `builtins.tryEval "${pkgs.`+name+`}"`), `"success":false`)
	hostPackages.Store(name, has)
	return has
}

// mentions lists the live processes whose command line contains the text.
func mentions(t *testing.T, text string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(files) == 0 {
		t.Fatalf("no processes in /proc: %v", err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(line), text) {
			found = append(found, file+": "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
