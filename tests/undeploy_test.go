package tests

import (
	"fmt"
	"strings"
	"testing"
)

// An undeployment without options works where the deployment was: it neither
// makes directories elsewhere nor asks for root because of users that were
// never made.
func TestUndeployGoesByWhatRuns(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	ports := freePorts(t, 2)
	d.mustSwitchTo("--host-packages", "--extra-params",
		fmt.Sprintf("{ ids = { webappPorts.webapp = %d; nginxPorts.nginx = %d; }; }", ports[0], ports[1]),
		example(t, "webapps-agnostic", "processes.nix"))
	r := d.nixproc("sysvinit-switch", "--runlevel=3", "--undeploy")
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	for _, name := range []string{"webapp", "nginx"} {
		if _, _, alive := d.process(name); alive {
			t.Errorf("%s still runs", name)
		}
	}
	current := read(t, d.path("profiles", "processes", "nixproc.json"))
	for _, part := range []string{`"stateDir": "` + d.path("state"), `"forceDisableUserChange": true`} {
		if !strings.Contains(current, part) {
			t.Errorf("the empty generation lacks %s:\n%s", part, current)
		}
	}
}

// Where nothing was ever deployed, because the name is wrong, say, no generation
// is made of that.
func TestUndeployNothing(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	for _, args := range [][]string{{"--undeploy", "-p", "typo"}, {"--undeploy", "-p", "typo", "--dry-run"}, {"--undeploy", "-p", "typo", "--json"}} {
		r := d.switchTo(args...)
		if r.code != 0 || !strings.Contains(r.stderr, "nothing is deployed in the profile "+d.path("profiles", "typo")) {
			t.Errorf("%q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
		}
	}
	if list := d.switchTo("-p", "typo", "--list-generations").stdout; list != "" {
		t.Errorf("there is a generation:\n%s", list)
	}
}

// What scripts say goes to the log directory of the deployment, also without
// options.
func TestScriptsWriteWhereTheyWereDeployed(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.mustSwitchTo("--host-packages", d.model("model.nix", `{
		scratch.pkg = create {
			name = "scratch";
			overrides.sysvinit = _: {
				name = "scratch";
				instructions.start = { activity = "Making"; instruction = "true"; };
				instructions.stop = { activity = "Removing"; instruction = "true"; };
				runlevels = [ 3 ];
			};
		};
	}`))
	r := d.nixproc("sysvinit-switch", "--runlevel=3", "--undeploy")
	if log := read(t, d.path("state", "log", "nixproc-scratch.log")); r.code != 0 || !strings.Contains(log, "Making scratch") || !strings.Contains(log, "Removing scratch") {
		t.Errorf("exit code %d, the log says\n%s%s", r.code, log, r.stderr)
	}
}

// What is no profile, or another manager's, is nothing to compare with.
func TestOldProfileThatIsNone(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.model("model.nix", `{ a = sleeper "a" { }; }`)
	built := d.nixproc("build", "-P", "systemd", "--no-out-link", "--host-packages", "--state-dir", d.path("state"), "--force-disable-user-change", model)
	for old, want := range map[string]string{
		strings.TrimSpace(built.stdout):    "is a profile for systemd",
		d.dir:                              "is a directory, but no profile",
		"model.nix":                        "is a file, but no profile",
		d.store.build(t, `pkgs.coreutils`): "no profile",
	} {
		r := d.switchTo("--host-packages", "-o", old, model)
		if r.code != 65 || !strings.Contains(r.stderr, want) {
			t.Errorf("-o %s: exit code %d\n%s", old, r.code, r.stderr)
		}
	}
	if _, _, alive := d.process("a"); alive {
		t.Error("a runs")
	}
}
