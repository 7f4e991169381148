package tests

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// saboteur puts a program in front of docker. The first call whose words begin
// with those in the file "at" fails, or, if there is a file "kill", ends nixproc
// without warning.
func (p *dockerPlace) saboteur() (at func(call string, kill bool)) {
	p.t.Helper()
	script := p.write("saboteur", fmt.Sprintf(`#!/bin/sh
cd '%s'
echo "$1 $2" >>calls
if [ -e at ] && { read -r wanted <at; case "$*" in "$wanted"*) ;; *) false ;; esac; } && rm at; then
  if [ -e kill ]; then
    kill -9 "$PPID"
  fi
  echo "sabotage of $wanted" >&2
  exit 1
fi
exec docker "$@"
`, p.dir))
	if err := os.Chmod(script, 0o755); err != nil {
		p.t.Fatal(err)
	}
	p.env = append(p.env, "NIXPROC_DOCKER="+script)
	return func(call string, kill bool) {
		p.t.Helper()
		p.write("at", call+"\n")
		os.Remove(p.path("kill"))
		if kill {
			p.write("kill", "")
		}
	}
}

// P4, P5, P8: whichever command of docker fails, all is as it was; and after a
// switch that was killed in the middle of one, the same switch ends well. What
// has not changed goes on running through all of it.
func TestDockerSabotage(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	at := p.saboteur()
	one := p.containers("one.nix", `{ kept = obedient "kept" { }; changed = obedient "changed" { }; removed = obedient "removed" { }; }`)
	two := p.containers("two.nix", `{ kept = obedient "kept" { }; changed = obedient "changed" { args = [ 2 ]; }; added = obedient "added" { }; }`)
	p.mustSwitchTo(one)
	before := p.runsExactly("kept", "changed", "removed")
	for _, call := range []string{
		"stop -t 10 nixproc-changed", "rm -f nixproc-changed", "stop -t 10 nixproc-removed",
		"rmi removed:latest", "load -i", "create", "start nixproc-changed", "start nixproc-added",
	} {
		at(call, false)
		r := p.switchTo(two)
		if r.code != 1 || !strings.Contains(r.stderr, "sabotage of "+call) || !strings.Contains(r.stderr, "all steps were undone") {
			t.Errorf("%s: exit code %d\n%s", call, r.code, r.stderr)
		}
		after := p.runsExactly("kept", "changed", "removed")
		kept(t, before, after, "kept")
	}
	for _, call := range []string{"rm -f nixproc-changed", "create", "start nixproc-added"} {
		at(call, true)
		if r := p.switchTo(two); r.code == 0 || strings.Contains(r.stderr, "undone") {
			t.Errorf("%s: exit code %d\n%s", call, r.code, r.stderr)
		}
		r := p.mustSwitchTo(two)
		if !strings.Contains(r.stderr, "was interrupted") {
			t.Errorf("the next switch says\n%s", r.stderr)
		}
		kept(t, before, p.runsExactly("kept", "changed", "added"), "kept")
		p.mustSwitchTo(one)
		kept(t, before, p.runsExactly("kept", "changed", "removed"), "kept")
	}

	// P8: a switch with nothing to do asks once what runs.
	p.write("calls", "")
	p.mustSwitchTo(one)
	if calls := read(t, p.path("calls")); calls != "container inspect\n" {
		t.Errorf("it calls docker:\n%s", calls)
	}
}
