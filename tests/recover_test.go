package tests

import (
	"os"
	"strings"
	"testing"
)

// P5, P6: what a switch has left, because it was not to undo anything, or because
// something was in the way of that, recover undoes; what has not changed goes on.
func TestRecoverAfterFailure(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"nothing was undone": {"--no-rollback"}, "not all could be undone": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			d.hostNeeds("daemon")
			obstacle := d.path("obstacle")
			model := func(name, word, more string) string {
				return d.model(name, `rec {
  base = sleeper "base" { };
  changes = daemon "changes" ''
    # `+word+`
    if [ -e "`+obstacle+`" ]; then echo "something is in the way" >&2; exit 1; fi
    `+workingStart+`
  '' [ ];
`+more+`}`)
			}
			d.mustSwitchTo("--host-packages", model("one.nix", "old", ""))
			before := d.observe()
			// Once the old process is stopped, it can't be started again.
			r := d.switchTo(append(args, "--json", "--host-packages", "--jobs=1", model("two.nix", "new", `
  last = daemon "last" ''
    echo >"`+obstacle+`"
    exit 7
  '' [ changes.pkg ];
`))...)
			repair := "to repair it, run: "
			if r.code != 2 || !strings.Contains(r.stderr, "nixproc recover") || strings.Contains(r.stderr, repair) != (args == nil) {
				t.Fatalf("exit code %d\n%s", r.code, r.stderr)
			}
			if args == nil {
				asListed(t, "### `nixproc switch --json` that failed", r.stdout)
			}
			// Both profiles stay, whatever becomes of their generations (P2).
			if roots := d.must("nix-store", "--gc", "--print-roots").stdout; strings.Count(roots, d.path("profiles/.processes.nixproc/sysvinit.roots")) != 2 {
				t.Errorf("the garbage collector has\n%s", roots)
			}
			if status := d.nixproc("status", "--runlevel=3"); !strings.Contains(status.stderr, "nixproc recover -p processes") {
				t.Errorf("status says\n%s%s", status.stdout, status.stderr)
			}
			if r := d.nixproc("recover"); r.code == 0 {
				t.Errorf("with something in the way, recover says\n%s%s", r.stdout, r.stderr)
			}
			if err := os.Remove(obstacle); err != nil {
				t.Fatal(err)
			}
			if r := d.nixproc("recover"); r.code != 0 {
				t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			after := d.observe()
			runs(t, after, "base", "changes")
			same(t, before, after, "base")
			if before.profile() != after.profile() {
				t.Errorf("the profile was\n%sand is\n%s", before.profile(), after.profile())
			}
			d.leavesNothing(nil, before, after)
		})
	}
}
