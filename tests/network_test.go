package tests

import (
	"fmt"
	"maps"
	"strings"
	"testing"
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
		expected := map[string]int{"cat": 1, "dash": 1} // the first process of a machine
		maps.Copy(expected, want[machine])
		var got map[string]int
		eventually(n.t, fmt.Sprintf("%s: %v on %s, where %v run", what, expected, machine, got), func() bool {
			got = n.programs(machine)
			return maps.Equal(got, expected)
		})
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
	}{
		{"webapps-agnostic", nil},
		{"webapps-agnostic", []string{"--extra-params", `{ processManager = "disnix"; }`}},
		{"webapps-sysvinit", nil},
	} {
		t.Run(c.example+strings.Join(c.more, " "), func(t *testing.T) {
			t.Parallel()
			n := exampleNetwork(t, "test1", "test2")
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
	for _, activity := range []string{"--import", "--lock", "--activate"} {
		n.cut("test3", activity)
		r := n.disnixEnv(models...)
		if r.code != 1 || !strings.Contains(r.stderr, "[target: test3]: ") {
			t.Errorf("cut off at %s: exit code %d\n%s%s", activity, r.code, r.stdout, r.stderr)
		}
		n.serves("test2")
		n.runs("cut off at "+activity, before)
		n.connect("test3")
		n.on("test3", "rm", "-f", n.path("machines/test3/tmp/disnix-default.lock"))
	}

	r := n.mustDisnixEnv(models...)
	n.serves("test2")
	n.runs("moved", map[string]map[string]int{"test3": oneWebapp, "test2": oneNginx})
	says(t, "to move", r, 0, []string{"[target: test1]: Deactivating service", "[target: test3]: Activating service"}, nil)
	n.mustDisnixEnv("--rollback")
	n.serves("test2")
	n.runs("moved back", before)
}
