package tests

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"
)

// exampleNetwork is a network with a tree of its own, in which examples are.
func exampleNetwork(t *testing.T, machines ...string) *network {
	t.Helper()
	n := newNetwork(t, machines...)
	n.hostNeeds("nginx", "daemon")
	for _, part := range []string{"examples", "nixproc", "webapp"} {
		copyTree(t, "../"+part, n.path("tree", part))
	}
	return n
}

// exampleOf gives the options of disnix-env for the models of an example.
func (n *network) exampleOf(name string) []string {
	return []string{
		"-s", n.path("tree/examples", name, "services.nix"), "-i", n.path("tree/examples", name, "infrastructure.nix"),
		"-d", n.path("tree/examples", name, "distribution.nix"),
	}
}

// runs checks which programs run on which machines, and no others do.
func (n *network) runs(what string, want map[string]map[string]int) {
	n.t.Helper()
	for _, machine := range n.machines {
		expected := maps.Clone(n.own[machine])
		maps.Copy(expected, want[machine])
		var got map[string]int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if got = n.programs(machine); maps.Equal(got, expected) {
				break
			}
		}
		if !maps.Equal(got, expected) {
			n.t.Fatalf("%s: on %s run %v, want %v", what, machine, got, expected)
		}
	}
}

// serves waits for the page of the web application, behind the proxy on a machine.
func (n *network) serves(machine string) {
	n.t.Helper()
	eventually(n.t, "the page behind the proxy on "+machine, func() bool {
		return strings.Contains(n.fetch(machine, 8080, "webapp.local"), "listening on port: 5000")
	})
}

var (
	oneWebapp = map[string]int{"webapp": 1}
	oneNginx  = map[string]int{"nginx": 2} // a master and its worker
)

// The examples' services, infrastructure and distribution work as they stand: the
// proxy on one machine finds the web application on another.
func TestNetworkExamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		example string
		more    []string
		systemd string // what the machines have as a process manager
	}{
		{"webapps-agnostic", []string{"--extra-params", `{ processManager = "disnix"; }`}, ""},
		{"webapps-agnostic", []string{"--extra-params", `{ processManager = "systemd"; }`}, "=systemd"},
		{"webapps-sysvinit", nil, ""},
	} {
		t.Run(c.example+strings.Join(c.more, " "), func(t *testing.T) {
			t.Parallel()
			n := exampleNetwork(t, "test1"+c.systemd, "test2"+c.systemd)
			n.mustDisnixEnv(append(n.exampleOf(c.example), c.more...)...)
			n.serves("test2")
			n.runs("deployed", map[string]map[string]int{"test1": oneWebapp, "test2": oneNginx})
			if c.more != nil {
				return // Dysnomia removes the user of a process before that has ended, and fails
			}
			n.mustDisnixEnv("--undeploy", "-i", n.path("tree/examples", c.example, "infrastructure.nix"))
			n.runs("undeployed", nil)
		})
	}
}

// A process moves from one machine to another, where it starts only when it has
// stopped on the first. If a machine is cut off meanwhile, the network stays as it
// was, and what is said names the machine.
func TestNetworkMoves(t *testing.T) {
	t.Parallel()
	n := exampleNetwork(t, "test1", "test2", "test3")
	models := n.exampleOf("webapps-agnostic")
	n.write("tree/examples/webapps-agnostic/infrastructure.nix", `{ test1.properties.hostname = "test1"; test2.properties.hostname = "test2"; test3.properties.hostname = "test3"; }`)
	n.mustDisnixEnv(models...)
	n.serves("test2")
	before := map[string]map[string]int{"test1": oneWebapp, "test2": oneNginx}
	n.runs("deployed", before)

	n.write("tree/examples/webapps-agnostic/distribution.nix", `{ infrastructure }: { webapp = [ infrastructure.test3 ]; nginx = [ infrastructure.test2 ]; }`)
	n.cut("test3", "--activate")
	says(t, "cut off", n.disnixEnv(models...), 1, nil, []string{"[target: test3]: Activation failed"})
	n.serves("test2")
	n.runs("cut off", before)
	n.connect("test3")
	n.on("test3", "rm", "-f", n.path("machines/test3/tmp/disnix-default.lock"))

	r := n.mustDisnixEnv(models...)
	n.serves("test2")
	n.runs("moved", map[string]map[string]int{"test3": oneWebapp, "test2": oneNginx})
	says(t, "to move", r, 0, []string{"[target: test1]: Deactivating service", "[target: test3]: Activating service"}, nil)
	n.mustDisnixEnv("--rollback")
	n.serves("test2")
	n.runs("moved back", before)
}

// Where Dysnomia has our module, nixproc does the work of each machine. A process
// that fails leaves the network as it was, and what it said is there.
func TestNetworkByOurModule(t *testing.T) {
	t.Parallel()
	n := exampleNetwork(t, "test1", "test2")
	models := n.forOurModule()
	n.mustDisnixEnv(append(models, "--extra-params", `{ processManager = "sysvinit"; }`)...)
	n.serves("test2")
	before := map[string]map[string]int{"test1": oneWebapp, "test2": oneNginx}
	n.runs("deployed", before)

	r := n.disnixEnv(append(models, "--extra-params", `{ processManager = "sysvinit"; port = 99999; }`)...)
	says(t, "a port that there is not", r, 1, nil, []string{`invalid port in "99999"`, "[target: test2]: Activation failed of service: "})
	n.serves("test2")
	n.runs("failed", before)

	n.mustDisnixEnv("--undeploy", "-i", models[3])
	n.runs("undeployed", nil)
}

// Dysnomia's own module for agnostic packages has nixproc-generate-config turn them
// into what the machine's manager takes, state directories and all.
func TestNetworkManagedProcess(t *testing.T) {
	t.Parallel()
	n := exampleNetwork(t, "test1", "test2")
	n.ourModule()
	if err := os.Symlink("nixproc", n.path("bin/nixproc-generate-config")); err != nil {
		t.Fatal(err)
	}
	n.write("tree/examples/webapps-agnostic/infrastructure.nix", `let container = { stateDir = "/var/other"; logDir = "/var/logs"; NIXPROC_FORCE_DISABLE_USER_CHANGE = 1; }; in {
		test1 = { properties.hostname = "test1"; containers.managed-process = container // { processManager = "sysvinit"; }; };
		test2 = { properties.hostname = "test2"; containers.managed-process = container // { processManager = "disnix"; }; };
	}`)
	for _, machine := range n.machines {
		if r := n.on(machine, "mkdir", "-p", "/var/other/run", "/var/other/tmp", "/var/logs"); r.code != 0 {
			t.Fatal(r)
		}
	}
	n.mustDisnixEnv(append(n.exampleOf("webapps-agnostic"), "--extra-params", `{ processManager = null; stateDir = "/var/other"; logDir = "/var/logs"; forceDisableUserChange = true; }`)...)
	n.serves("test2")
	n.runs("deployed", map[string]map[string]int{"test1": oneWebapp, "test2": oneNginx})
	for machine, file := range map[string]string{"test1": "/var/other/tmp/webapp.pid", "test2": "/var/other/run/nginx.pid"} {
		if r := n.on(machine, "cat", file); r.code != 0 {
			t.Errorf("%s: %s", machine, r.stderr)
		}
	}
	n.mustDisnixEnv("--undeploy", "-i", n.exampleOf("webapps-agnostic")[3])
	n.runs("undeployed", nil)
}

// forOurModule gives the models of an example in which our module for Dysnomia, which
// is put on all machines, does the work.
func (n *network) forOurModule() []string {
	n.t.Helper()
	n.ourModule()
	models := n.exampleOf("webapps-agnostic")
	models[1] = n.write("tree/examples/webapps-agnostic/ours.nix", `{ pkgs, distribution, invDistribution, system, processManager, port ? 8080 }@args:
		let ids = (import ./ids.nix).ids; in
		builtins.mapAttrs (_: service: service // { type = "nixproc-process"; })
			(import ./services.nix (removeAttrs args [ "port" ] // { ids = ids // { nginxPorts.nginx = port; }; }))`)
	return models
}

// ourModule puts our module for Dysnomia on all machines.
func (n *network) ourModule() {
	t := n.t
	t.Helper()
	// What a machine is to see has to be in the deployment's directory.
	copyTree(t, "../tools/dysnomia-module", n.path("modules"))
	program, err := os.ReadFile(n.binary)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{n.path("modules/nixproc-process"), n.write("bin/nixproc", string(program))} {
		if err := os.Chmod(file, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for i, variable := range n.env {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			n.env[i] = "PATH=" + n.path("bin") + ":" + path
		}
	}
	n.env = append(n.env, "DYSNOMIA_MODULES_PATH="+n.path("modules"))
}

// A processes model goes to a network by one command: to one machine what belongs
// together, or as a distribution says; and it goes back, and away.
func TestNetworkSwitch(t *testing.T) {
	t.Parallel()
	n := exampleNetwork(t, "test1", "test2", "test3")
	n.ourModule()
	infrastructure := n.write("infrastructure.nix", `{ test1.properties.hostname = "test1"; test2.properties.hostname = "test2"; test3.properties = { hostname = "test3"; processManager = "sysvinit"; }; }`)
	model := n.path("tree/examples/webapps-agnostic/processes.nix")
	command := func(code int, args ...string) outcome {
		t.Helper()
		r := n.nixproc(args...)
		if r.code != code {
			t.Fatalf("nixproc %q: exit code %d, want %d\n%s%s", args, r.code, code, r.stdout, r.stderr)
		}
		return r
	}
	says := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	command(1, "network-status")
	unknown := n.write("unknown.nix", `{ test1.properties.hostname = "test1"; test2.properties.hostname = "test2"; }`)
	if r := command(65, "network-switch", "-i", unknown, model); !strings.Contains(r.stderr, "machine 'test") || !strings.Contains(r.stderr, "has no process manager") {
		t.Errorf("without a process manager: %s", r.stderr)
	}
	// IDs are assigned on the way, as nixproc id-assign would.
	assigned, resources := n.path("tree/examples/webapps-agnostic/ids.nix"), n.path("tree/examples/webapps-agnostic/idresources.nix")
	if err := os.Remove(assigned); err != nil {
		t.Fatal(err)
	}
	of := []string{"-P", "sysvinit", "-i", infrastructure, "--ids", assigned, "--id-resources", resources, model}
	planned := command(0, append([]string{"network-plan"}, of...)...).stdout
	done := command(0, append([]string{"network-switch"}, of...)...).stdout
	says("what was done", strings.Join(strings.Fields(pidAfter.ReplaceAllString(done, "")), " "), fmt.Sprintf("%[1]s nginx started new %[1]s webapp started new 2 started: generation 1", strings.Fields(planned)[0]))
	machine := strings.Fields(planned)[0]
	says("the IDs", read(t, assigned), command(0, "id-assign", "--id-resources", resources, "--ids", assigned, "--host-packages", model).stdout)
	says("the plan", planned, fmt.Sprintf("%[1]s  nginx   start  new\n%[1]s  webapp  start  new\nwould do: 2 start\n", machine))
	n.serves(machine)
	both := map[string]int{"nginx": 2, "webapp": 1}
	n.runs("deployed", map[string]map[string]int{machine: both})
	says("the same again", command(0, append([]string{"network-switch"}, of...)...).stdout, "2 kept: generation 1\n")

	other := map[string]string{"test1": "test2", "test2": "test3", "test3": "test1"}[machine]
	distribution := n.write("distribution.nix", `{ infrastructure }: { webapp = [ infrastructure.`+other+` ]; nginx = [ infrastructure.`+other+` ]; }`)
	moving := append([]string{"network-switch", "-d", distribution}, of...)
	n.cut(other, "--activate")
	if r := command(2, moving...); !strings.Contains(r.stderr, "could not start webapp on "+other) || !strings.Contains(r.stderr, "in doubt") {
		t.Errorf("cut off: %s", r.stderr)
	}
	if status := command(1, "network-status").stdout; strings.Count(status, "running") != 2 || strings.Count(status, "in doubt") != 1 {
		t.Errorf("after a failure: %s", status)
	}
	n.connect(other)
	n.serves(machine)
	n.runs("cut off", map[string]map[string]int{machine: both})

	// Its lock was left there, and is known to be ours.
	command(0, moving...)
	n.runs("moved", map[string]map[string]int{other: both})
	command(0, "network-switch", "--rollback")
	n.serves(machine)
	n.runs("moved back", map[string]map[string]int{machine: both})
	command(0, "network-switch", "-i", infrastructure, "--undeploy")
	n.runs("undeployed", nil)
}

// A container of Disnix tells Dysnomia where it takes its programs from, under each
// process manager that can start it.
func TestServiceContainers(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	binary, err := storedBinary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.nix([]string{"NIXPROC_BUILDER=" + binary}, "nix-build", "--no-out-link", "-E", `let
		pkgs = import <nixpkgs> { };
		dysnomia = pkgs.runCommand "dysnomia" { } "mkdir -p $out/libexec/dysnomia; echo module >$out/libexec/dysnomia/supervisord-program" // { override = f: builtins.seq ((f { }).enableSupervisordProgram) dysnomia; };
		constructors = processManager: import `+nixPath(absolutePath(t, "../examples"), "service-containers-agnostic/constructors.nix")+` {
			pkgs = pkgs // { inherit dysnomia; }; stateDir = "/srv/state of all"; inherit processManager;
		};
		service = processManager: (constructors processManager).extendableSupervisord { instanceSuffix = "-second"; type = "sysvinit-script"; properties.port = 9002; };
		all = map service [ "sysvinit" "systemd" "s6-rc" ];
	in assert builtins.all (one: one.name == "supervisord-second" && one.providesContainer == "supervisord-program-second" && one.port == 9002) all; map (one: one.pkg) all`)
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range strings.Fields(out) {
		if got, want := read(t, pkg, "etc/dysnomia/containers/supervisord-program-second"), "supervisordTargetDir=\"/srv/state of all/lib/supervisord-second/conf.d\"\n"; got != want {
			t.Errorf("%s: %q, want %q", pkg, got, want)
		}
		if got := read(t, pkg, "libexec/dysnomia/supervisord-program"); got != "module\n" {
			t.Errorf("%s: the module is %q", pkg, got)
		}
	}
}

// What is wrong is told before Disnix hears of it, with its place.
func TestNetworkRefuses(t *testing.T) {
	t.Parallel()
	p := newDisnix(t, newDeployment(t))
	const one = `{ m.properties.hostname = "m"; }`
	model := p.model("one.nix", `{ a = sleeper "a" { }; }`)
	twins := p.model("twins.nix", `{ a = sleeper "a" { }; b = sleeper "a" { }; }`)
	cycle := p.model("cycle.nix", `rec { a = sleeper "a" { dependencies = [ b.pkg ]; }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`)
	for _, c := range []struct {
		model, infrastructure, distribution, want string
	}{
		{cycle, one, "", "the dependencies form a cycle: a -> b -> a"},
		{model, `{ m = 5; }`, "", "machine 'm' is a number"},
		{model, `5`, "", "is a number, where a set of machines is due"},
		{model, `{ }`, "", "there is no machine to deploy to"},
		{model, `{ m.properties = { hostname = "m"; processManager = "foo"; }; }`, "", "machine 'm': it can't have the process manager 'foo'"},
		{model, `{ m.properties = { hostname = "m"; processManager = "disnix"; }; }`, "", "machine 'm': it can't have the process manager 'disnix'"},
		{model, `{ "m 1".properties.hostname = "m"; }`, "", "machine 'm 1': the Nix store takes no such name"},
		{model, `{ m = { properties.hostname = "m"; containers.nixproc-process = [ ]; }; }`, "", "machine 'm': containers.nixproc-process is a list, where a set is due"},
		{model, `{ m = { properties.hostname = "m"; containers.nixproc-process.timeout = "x"; }; }`, "", "machine 'm': containers.nixproc-process.timeout is 'x', and has to be a number of seconds: "},
		{model, `{ m = { properties.hostname = "m"; containers = 5; }; }`, "", "machine 'm': containers is a number, where a set is due"},
		{model, `{ m.properties = 1; }`, "", "machine 'm': properties is a number, where a set is due"},
		{model, `{ m.properties.hostname = 1; }`, "", "machine 'm': properties.hostname is a number, where a string is due"},
		{model, one, `{ infrastructure }: 1`, "distribution.nix gives a number, where a set of lists of machines is due"},
		{model, one, `{ infrastructure }: { a = 1; }`, "'a' is a number, where a list of machines is due"},
		{model, one, `7`, "is a number, where a function of { infrastructure } is due"},
		{model, one, `{ infrastructure }: { a = infrastructure.m; }`, "'a' is a machine, where a list of them is due"},
		{model, one, `{ infrastructure }: { a = [ infrastructure.m ]; b = [ infrastructure.m ]; }`, "there is no process 'b' in the model"},
		{model, one, `{ infrastructure }: { a = [ { } ]; }`, "'a' is on something that is no machine"},
		{model, one, `{ infrastructure, more }: { }`, "distribution.nix takes more than { infrastructure }"},
		{model, `{ m.properties.address = "m"; }`, "", "machine 'm' has no properties.hostname, by which Disnix reaches it: "},
		{model, `{ m.properties.hostname = "m"; n.properties.hostname = "m"; }`, "", "the machines 'm' and 'n' of the infrastructure are one and the same: take one of them out"},
		{model, "{\n  m = missing;\n}", "", "infrastructure.nix:2:7\n"},
		{twins, one, "", "'a' and 'b' are both called 'a', and both on machine 'm'"},
		{p.model("wrong.nix", `{ a = sleeper "a" { } // { readiness = 5; }; b = sleeper "b" { } // { readiness.tcp = 0; }; }`), one, "",
			"wrong.nix is wrong:\n  process 'a': attribute 'readiness' is a number, where a set is due\n  process 'b': attribute 'readiness.tcp' has \"0\""},
		{p.model("number.nix", `{ a.pkg = 5; }`), one, "", "process 'a' has a number as 'pkg', where a package is due"},
		{p.model("missing.nix", "{\n  a = sleeper \"a\" { environment.X = missing; };\n}"), one, "", "undefined variable 'missing'\n  at " + p.path("missing.nix") + ":"},
		{p.model("pidfiles.nix", `{ a = sleeper "a" { pidFile = "/run/x.pid"; }; b = sleeper "b" { pidFile = "/run/x.pid"; }; }`), one, "", "process 'b': it has the pid file of the process 'a', /run/x.pid"},
		{p.write("services.nix", `{ distribution, invDistribution, pkgs, system }: { }`), one, "", "services.nix is a services model of Disnix (it takes the argument 'distribution'): disnix-env deploys it"},
		{p.write("dependent.nix", "{ processManager }: {\n  a.dependsOn = { };\n}"), one, "", "dependsOn at " + p.path("dependent.nix") + ":2 of 'a'"},
	} {
		args := []string{"network-plan", "-P", "sysvinit", "--host-packages", "-i", p.write("infrastructure.nix", c.infrastructure)}
		if c.distribution != "" {
			args = append(args, "-d", p.write("distribution.nix", c.distribution))
		}
		if r := p.nixproc(append(args, c.model)...); r.code != 65 || !strings.Contains(r.stderr, c.want) || r.stdout != "" {
			t.Errorf("%q, %q: exit code %d\n%s%s\nwant %q", c.infrastructure, c.distribution, r.code, r.stdout, r.stderr, c.want)
		}
	}
	if r := p.nixproc("network-switch", "-P", "disnix", "-i", "x", model); r.code != 64 || r.stdout != "" {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}
