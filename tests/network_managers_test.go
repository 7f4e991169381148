package tests

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// threeManagers is a network of three machines, each with another process manager.
func threeManagers(t *testing.T) *network {
	t.Helper()
	return exampleNetwork(t, "test1", "test2=systemd", "test3=supervisord")
}

// runSupervisord starts one on a machine.
func (n *network) runSupervisord(machine string) {
	n.t.Helper()
	needsRoot(n.t, "supervisord", "supervisorctl")
	n.write("supervisor/supervisord.conf", `[supervisord]
logfile = /var/log/supervisord.log
pidfile = /run/supervisord.pid
[unix_http_server]
file = /run/supervisord.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix:///run/supervisord.sock
[include]
files = conf.d/*
`)
	if r := n.on(machine, "supervisord", "-c", n.path("supervisor/supervisord.conf")); r.code != 0 {
		n.t.Fatal(r)
	}
	maps.Copy(n.own[machine], n.programs(machine)) // Python, by whichever name
}

// underSystemd prepares the namespaces in which a systemd boots; they end with it.
const underSystemd = `
machine=$1 store=$2
shift 2
mount --bind "$machine/store" "$store/store"
mount --bind "$machine/nix" "$store/var/nix"
if [ -d /nix/var/nix/profiles ]; then mount --bind "$machine/profiles" /nix/var/nix/profiles; fi
exec "$@"
`

// boot boots a systemd as a machine, which has Dysnomia's units where it looks for
// units, and gives its process 1.
func (n *network) boot(name string) int {
	n.t.Helper()
	own := *n.deployment
	own.dir = n.path("machines", name)
	m := &systemdMachine{
		deployment: &own,
		below:      []string{"unshare", "--net", "--mount", "--propagation", "private", "sh", "-ec", underSystemd, "sh", own.dir, n.store.dir},
		more:       []string{n.dir, filepath.Join(n.store.dir, "store"), filepath.Join(n.store.dir, "var/nix"), filepath.Dir(n.disnix)},
	}
	if n.real {
		m.more = append(m.more, "/nix/var/nix/profiles")
	}
	m.start()
	if r := m.inside("sh", "-ec", `cat "$1" >>/etc/hosts; ln -s systemd /etc/systemd-mutable`, "sh", n.path("hosts")); r.code != 0 {
		n.t.Fatal(r)
	}
	n.systemd[name] = m
	return m.init()
}

// container is what the machine with supervisord has to say of it.
func (n *network) container() string {
	return `SUPERVISORD_CONF_DIR = ` + nixString(n.path("supervisor")) + `;`
}

// managersHave asks the process managers themselves which processes of a model they
// have as running.
func (n *network) managersHave(what string, want map[string][]string) {
	n.t.Helper()
	got := map[string][]string{
		"test1": strings.Fields(n.on("test1", "sh", "-c", `for file in /var/run/*.pid /tmp/*.pid; do kill -0 "$(cat "$file")" && basename "$file" .pid; done 2>/dev/null`).stdout),
	}
	for _, match := range supervisordRunning.FindAllStringSubmatch(n.on("test3", "supervisorctl", "-c", n.path("supervisor/supervisord.conf"), "status").stdout, -1) {
		got["test3"] = append(got["test3"], match[1])
	}
	for unit := range strings.FieldsSeq(n.on("test2", "systemctl", "list-units", "--state=running", "--plain", "--no-legend", "nix-process-*").stdout) {
		if name, is := strings.CutPrefix(unit, "nix-process-"); is {
			got["test2"] = append(got["test2"], strings.TrimSuffix(name, ".service"))
		}
	}
	for _, machine := range n.machines {
		if names := slices.Sorted(slices.Values(got[machine])); !slices.Equal(names, want[machine]) {
			n.t.Errorf("%s: the manager of %s has %q, want %q", what, machine, names, want[machine])
		}
	}
}

// identities says which process each web application is, by machine and port.
func (n *network) identities() map[string]string {
	n.t.Helper()
	found := map[string]string{}
	for _, machine := range n.machines {
		// Start times do not depend on the namespace.
		r := n.on(machine, "sh", "-c", `for pid in $(pidof webapp); do printf '%s %s ' "$(cut -d ' ' -f 22 /proc/$pid/stat)" $pid; tr '\0' '\n' </proc/$pid/environ | grep ^PORT=; done`)
		for line := range strings.Lines(r.stdout) {
			words := strings.Fields(line)
			found[machine+" "+words[2]] = words[0] + " " + words[1]
		}
	}
	return found
}

// A processes model goes to machines with three process managers by one command,
// each by its own; a process moves from one manager to another, and what was not
// changed goes on as the same process.
func TestNetworkOfManagers(t *testing.T) {
	t.Parallel()
	n := threeManagers(t)
	n.ourModule()
	infrastructure := n.write("infrastructure.nix", `{
		test1.properties = { hostname = "test1"; processManager = "sysvinit"; };
		test2.properties = { hostname = "test2"; processManager = "systemd"; };
		test3 = { properties = { hostname = "test3"; processManager = "supervisord"; }; containers.nixproc-process = { `+n.container()+` }; };
	}`)
	model := n.write("tree/examples/webapps-agnostic/three.nix", `{ pkgs, processManager, stateDir ? "/var", port ? 5001 }:
		let constructors = import ./constructors/constructors.nix { inherit pkgs stateDir processManager; webappMode = "foreground"; }; in
		builtins.mapAttrs (name: port: { pkg = constructors.webapp { instanceSuffix = "-" + name; inherit port; }; }) { one = port; two = 5002; three = 5003; both = 5004; }`)
	on := func(two string) string {
		return n.write(two+".nix", `{ infrastructure }: with infrastructure; { one = [ test1 ]; two = [ `+two+` ]; three = [ test3 ]; both = [ test1 test2 ]; }`)
	}
	command := func(args ...string) string { return n.must(n.binary, args...).stdout }
	to := func(distribution string, more ...string) []string {
		return append(more, "-i", infrastructure, "-d", distribution, model)
	}

	command(append([]string{"network-switch"}, to(on("test2"))...)...)
	n.managersHave("deployed", map[string][]string{"test1": {"webapp-both", "webapp-one"}, "test2": {"webapp-both", "webapp-two"}, "test3": {"webapp-three"}})
	for port, machine := range map[int]string{5001: "test1", 5002: "test2", 5003: "test3"} {
		if page := n.fetch(machine, port, machine); !strings.Contains(page, fmt.Sprintf("listening on port: %d", port)) {
			t.Errorf("%s answers %q", machine, page)
		}
	}
	before := n.identities()
	if len(before) != 5 {
		t.Fatalf("what runs: %v", before)
	}

	if got, want := command(append([]string{"network-switch"}, to(on("test3"))...)...), "4 kept"; !strings.Contains(got, want) {
		t.Errorf("to move one: %s, want %s", got, want)
	}
	moved := map[string][]string{"test1": {"webapp-both", "webapp-one"}, "test2": {"webapp-both"}, "test3": {"webapp-three", "webapp-two"}}
	n.managersHave("moved", moved)
	kept(t, before, n.identities(), slices.Sorted(maps.Keys(leavingOut(before, "test2 PORT=5002")))...)

	command(append([]string{"network-switch", "--extra-params", "{ port = 5011; }"}, to(on("test3"))...)...)
	n.managersHave("changed", moved)
	kept(t, before, n.identities(), slices.Sorted(maps.Keys(leavingOut(before, "test2 PORT=5002", "test1 PORT=5001")))...)
	if page := n.fetch("test1", 5011, "test1"); !strings.Contains(page, "listening on port: 5011") {
		t.Errorf("test1 answers %q", page)
	}

	command("network-switch", "--rollback")
	n.managersHave("back", moved)
	if page := n.fetch("test1", 5001, "test1"); !strings.Contains(page, "listening on port: 5001") {
		t.Errorf("test1 answers %q", page)
	}
	command("network-switch", "-i", infrastructure, "--undeploy")
	n.managersHave("undeployed", nil)
	n.runs("undeployed", nil)
	for machine, directory := range map[string]string{"test2": "/etc/systemd/system", "test3": n.path("supervisor/conf.d")} {
		if r := n.on(machine, "ls", directory); r.stdout != "" {
			t.Errorf("left on %s: %s", machine, r.stdout)
		}
	}
}

func leavingOut(set map[string]string, names ...string) map[string]string {
	left := maps.Clone(set)
	for _, name := range names {
		delete(left, name)
	}
	return left
}

// Agnostic packages, which leave the process manager open, become what each
// machine's own takes.
func TestNetworkAgnostic(t *testing.T) {
	t.Parallel()
	n := threeManagers(t)
	models := n.forOurModule()
	n.write("tree/examples/webapps-agnostic/infrastructure.nix", `{
		test1 = { properties.hostname = "test1"; containers.nixproc-process.processManager = "sysvinit"; };
		test2 = { properties.hostname = "test2"; containers.nixproc-process.processManager = "systemd"; };
		test3 = { properties.hostname = "test3"; containers.nixproc-process = { processManager = "supervisord"; `+n.container()+` }; };
	}`)
	n.write("tree/examples/webapps-agnostic/distribution.nix", `{ infrastructure }: with infrastructure; { webapp = [ test1 test2 test3 ]; nginx = [ test2 ]; }`)
	n.mustDisnixEnv(append(models, "--extra-params", `{ processManager = null; }`)...)
	n.serves("test2")
	n.managersHave("deployed", map[string][]string{"test1": {"webapp"}, "test2": {"nginx", "webapp"}, "test3": {"webapp"}})
	n.mustDisnixEnv("--undeploy", "-i", models[3])
	n.runs("undeployed", nil)
}
