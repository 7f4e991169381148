package tests

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

// The commands for all managers are a manager's own: each sees what the other
// did, and where no -P says whose processes are meant, those that are deployed.
func TestCommandsForAnyManager(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	one, two := d.model("one.nix", `{ a = sleeper "a" { }; b = sleeper "b" { }; }`), d.model("two.nix", `{ a = sleeper "a" { }; }`)
	place := []string{"--runlevel=3", "--state-dir", d.path("state"), "--force-disable-user-change"}
	ok := func(command string, args ...string) outcome {
		t.Helper()
		r := d.nixproc(append([]string{command}, args...)...)
		if r.code != 0 {
			t.Fatalf("%s %q: exit code %d\n%s%s", command, args, r.code, r.stdout, r.stderr)
		}
		return r
	}
	says := func(r outcome, want string) {
		t.Helper()
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in\n%s%s", want, r.stdout, r.stderr)
		}
	}
	withModel := append(place, "-P", "sysvinit", "--host-packages")

	before := d.touchable()
	says(ok("plan", append(withModel, one)...), "would do: 2 start\n")
	for _, difference := range before.differences(d.touchable()) {
		t.Error("plan:", difference)
	}
	says(ok("switch", append(withModel, one)...), "2 started: generation 1\n")
	runs(t, d.observe(), "a", "b")
	says(d.mustSwitchTo(one), "2 kept: generation 1\n")

	var plan struct {
		Processes []struct{ Process, Action string }
	}
	if err := json.Unmarshal([]byte(ok("plan", append(withModel, "--json", two)...).stdout), &plan); err != nil {
		t.Fatal(err)
	}
	if got := jsonText(t, plan.Processes); got != `[{"Process":"a","Action":"keep"},{"Process":"b","Action":"stop"}]` {
		t.Errorf("plan --json: %s", got)
	}
	d.env = append(d.env, "NIXPROC_PROCESS_MANAGER=sysvinit")
	built := strings.TrimSpace(ok("build", append(withModel[1:], "--no-out-link", two)...).stdout)
	says(ok("deploy", append(place, built)...), "1 stopped, 1 kept: generation 2\n")
	// What is deployed counts for more.
	d.env = append(d.env, "NIXPROC_PROCESS_MANAGER=docker")
	says(ok("rollback", "--runlevel=3", "--dry-run"), "would do: 1 start, 1 keep\n")
	says(ok("rollback", "--runlevel=3"), "1 started, 1 kept: generation 1\n")
	runs(t, d.observe(), "a", "b")
	d.complains(t, func() outcome { return d.nixproc("rollback", "--user") }, codeUsage, "--user is an option of systemd, not of sysvinit")

	says(ok("generations", "switch", "2", "--runlevel=3"), "1 stopped, 1 kept: generation 2\n")
	var list []struct {
		Generation             int
		Current                bool
		Manager, Path, Created any
	}
	if err := json.Unmarshal([]byte(ok("generations", "list", "--json").stdout), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Current || !list[1].Current || list[1].Generation != 2 || list[1].Path != built || list[1].Manager != "sysvinit" {
		t.Errorf("generations --json: %+v", list)
	}
	if r := ok("generations"); r.stdout != ok("sysvinit-switch", "--list-generations").stdout || strings.Count(r.stdout, "\n") != 2 {
		t.Errorf("generations: %s", r.stdout)
	}
	says(ok("generations", "delete", "old"), "deleted generation 1\n")
	says(ok("plan", "--undeploy", "--runlevel=3"), "would do: 1 stop\n")
	says(ok("undeploy", "--runlevel=3"), "1 stopped: generation 3\n")
	runs(t, d.observe())

	// What was built before says for which manager.
	d.env = append(d.env, "NIXPROC_PROCESS_MANAGER=")
	says(ok("deploy", append(place, built)...), "1 started: generation 4\n")
	d.complains(t, func() outcome { return d.nixproc("supervisord-switch", "--undeploy") }, codeFailed,
		"nothing of supervisord is deployed", "what runs is sysvinit's (nixproc undeploy -P sysvinit stops it)")
	d.complains(t, func() outcome { return d.nixproc("generations", "-P", "supervisord", "switch", "4") }, codeFailed,
		"has no generation 4 of supervisord", "; -P sysvinit has 2, 3, 4")
	// The older tools leave an empty profile that does not say whose it is.
	ok("undeploy", "--runlevel=3")
	if err := os.Mkdir(d.path("rc.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	empty, err := d.store.nix(nil, "nix-store", "--add", d.path("rc.d"))
	if err != nil {
		t.Fatal(err)
	}
	link := d.path("profiles", "processes-6-link")
	if err := errors.Join(os.Symlink(empty, link), os.Remove(d.path("profiles", "processes")), os.Symlink(link, d.path("profiles", "processes"))); err != nil {
		t.Fatal(err)
	}
	says(ok("rollback", "--runlevel=3", "--dry-run"), "no processes")
	ok("generations", "delete", "all")
	d.complains(t, func() outcome { return d.nixproc("status") }, codeFailed, "nothing is deployed in the profile "+d.path("profiles", "processes"), "nixproc switch deploys")
	d.env = append(d.env, "NIXPROC_PROCESS_MANAGER=docker")
	d.complains(t, func() outcome { return d.nixproc("switch", "--rollback", "--runlevel=3") }, codeUsage, "--runlevel is an option of sysvinit, not of docker")
}
