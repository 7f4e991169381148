package tests

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// The main job. Windows stops no service that another one needs, so the reverse
// proxy restarts with the web applications that it depends on.
func TestCygrunsrvUpgrade(t *testing.T) {
	t.Parallel()
	mainJob{begin: func(t *testing.T) webappsPlace { return newCygrunsrv(t) }}.test(t)
}

// D9: services are really installed, before the profile moves, and in the order
// of their dependencies; a changed one is stopped, removed, installed and started
// anew, with those that depend on it.
func TestCygrunsrvOrder(t *testing.T) {
	t.Parallel()
	p := newCygrunsrv(t)
	p.calls()
	model := func(args string) string {
		return p.model("model.nix", `rec {
  a = sleeper "a" { dependencies = [ b.pkg ]; };
  b = sleeper "b" { dependencies = [ z.pkg ]; args = [ `+args+` ]; };
  z = sleeper "z" { };
}`)
	}
	p.mustSwitchTo(model("1000"))
	before := p.runsExactly("a", "b", "z")
	var want []string
	for _, name := range []string{"z", "b", "a"} {
		want = append(want, "0 --install nix-process-"+name, "0 --start nix-process-"+name)
	}
	if got := p.calls(); !slices.Equal(got, want) {
		t.Errorf("the calls are %q, want %q", got, want)
	}
	p.mustSwitchTo(model("2000"))
	kept(t, before, p.runsExactly("a", "b", "z"), "z")
	want = []string{
		"0 --stop nix-process-a", "0 --remove nix-process-a", "0 --stop nix-process-b", "0 --remove nix-process-b",
		"0 --install nix-process-b", "0 --start nix-process-b", "0 --install nix-process-a", "0 --start nix-process-a",
	}
	if got := p.calls(); !slices.Equal(got, want) {
		t.Errorf("the calls are %q, want %q", got, want)
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// D21, P5: a service that does not start, or stay up, fails the switch with its
// last words, and all is as it was; one that died is started again (D22).
func TestCygrunsrvFailure(t *testing.T) {
	t.Parallel()
	p := newCygrunsrv(t)
	good := p.model("good.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { }; }`)
	p.mustSwitchTo(good)
	before := p.runsExactly("a", "b")
	for how, says := range map[string]string{"exit 3": "cygrunsrv --start nix-process-bad failed", "sleep 0.4; exit 3": "failed to stay up"} {
		r := p.switchTo(p.model("bad.nix", `rec {
  a = sleeper "a" { };
  bad = { pkg = create {
    name = "bad"; foregroundProcess = script "bad" "echo the disk is on fire >&2; `+how+`";
    overrides.cygrunsrv.stderr = "${logDir}/bad.log";
  }; };
  b = sleeper "b" { args = [ 2000 ]; dependencies = [ bad.pkg ]; };
}`))
		for _, want := range []string{"process 'bad' failed to", "the disk is on fire", says, "all steps were undone"} {
			if r.code != 1 || !strings.Contains(r.stderr, want) {
				t.Errorf("exit code %d, without %q:\n%s", r.code, want, r.stderr)
			}
		}
		kept(t, before, p.runsExactly("a", "b"), "a")
	}
	after := p.observe()
	if err := syscall.Kill(p.pid("a"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "that a is dead", func() bool { return p.observe()["a"] == "" })
	if r := p.nixproc("status"); r.code != 1 || !strings.Contains(r.stdout, "Stopped") {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := p.mustSwitchTo(good); !strings.Contains(r.stdout, "1 started, 1 kept") {
		t.Errorf("a second switch says\n%s", r.stdout)
	}
	kept(t, after, p.runsExactly("a", "b"), "b")
}

// Two profiles at once do not touch each other's services.
func TestCygrunsrvOwnership(t *testing.T) {
	t.Parallel()
	p := newCygrunsrv(t)
	model := p.model("model.nix", `{ a = sleeper "a" { }; }`)
	p.mustSwitchTo(model)
	before := p.runsExactly("a")
	r := p.switchTo("-p", "other", model)
	if r.code != 1 || !strings.Contains(r.stderr, "the service nix-process-a belongs to the profile 'processes'") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	p.mustSwitchTo("-p", "other", p.model("other.nix", `{ b = sleeper "b" { }; }`))
	both := p.runsExactly("a", "b")
	kept(t, before, both, "a")
	p.mustSwitchTo("--undeploy")
	kept(t, both, p.runsExactly("b"), "b")
	p.mustSwitchTo("-p", "other", "--undeploy")
	p.runsExactly()
}

// Where there is no cygrunsrv, nothing is touched.
func TestCygrunsrvAbsent(t *testing.T) {
	t.Parallel()
	p := cygrunsrvFor(newDeployment(t))
	r := p.switchTo(p.model("model.nix", `{ a = sleeper "a" { }; }`))
	if r.code != 1 || !strings.Contains(r.stderr, "cygrunsrv can't tell which services there are") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if _, err := os.Stat(p.path("state")); err == nil {
		t.Error("the state directory was made")
	}
}
