package tests

import (
	"regexp"
	"strings"
	"testing"
)

// unlocking is the command that unlocks a machine which was cut off.
var unlocking = regexp.MustCompile(`to unlock it now, run: (.*--unlock --profile network)`)

// Wherever in a switch a machine is cut off, what is said of it is true, and the next
// switch goes on from there, once the machine is back. It knows the locks that are left
// to be its own, and leaves alone what was seen to be undone.
func TestNetworkCutOff(t *testing.T) {
	t.Parallel()
	n, model := sleepingNetwork(t, "test1", "test2")
	switching := func(seconds string) []string {
		return append([]string{"network-switch"}, model("a = [ test1 ]; b = [ test2 ];", strings.ReplaceAll(`a = sleeper "a" { args = [ N ]; }; b = sleeper "b" { args = [ N ]; };`, "N", seconds))...)
	}
	n.expect(0, []string{"2 started: generation 1\n"}, nil, switching("1001")...)
	const may, unlocked = "test2 may still be locked: test2: no route", "unlocked test2, where an earlier network-switch had left its lock"
	for _, c := range []struct {
		activity, to   string
		code           int
		stdout, stderr []string
		a, b           string // what runs then
	}{
		{"--import", "1002", 1, nil, []string{"the packages could not be copied to test2; nothing was touched"}, "1001", "1001"},
		{"--lock", "1002", 1, nil, []string{"test2 can't be locked: test2: no route", "nothing was started or stopped"}, "1001", "1001"},
		{"--unlock", "1002", 0, []string{"2 restarted: generation 2\n"}, []string{"warning: " + may}, "1002", "1002"},
		{"--deactivate", "1003", 2, nil, []string{may, "could not stop b on test2:\n", "  test1  a  restart  undone    running, pid ", "  test2  b  restart  in doubt  unknown\n", "not everything is as it was before"}, "1002", "1002"},
		{"--activate", "1003", 2, nil, []string{may, "could not start b on test2:\n", "  test1  a  restart  undone    running, pid ", "  test2  b  restart  in doubt  unknown\n"}, "1002", ""},
		{"--set", "1003", 2, nil, []string{may, "could not undo the start of b on test2:\n", "  test1  a  restart  undone    running, pid ", "  test2  b  restart  in doubt  unknown\n"}, "1002", "1003"},
	} {
		n.cut("test2", c.activity)
		r := n.expect(c.code, c.stdout, c.stderr, switching(c.to)...)
		if strings.Contains(r.stderr, "is locked") {
			t.Errorf("cut off at %s: it says\n%s", c.activity, r.stderr)
		}
		n.connect("test2")
		if c.b == "" { // what is in doubt, and does not run, is not well
			n.expect(1, []string{"test2    b        stopped"}, []string{"1 of 2 processes do not run"}, "network-status")
		}
		for machine, want := range map[string]string{"test1": c.a, "test2": c.b} {
			if sleeps := strings.TrimSpace(n.on(machine, "sh", "-c", `cd /proc; for one in $(pgrep -x sleep); do tr '\0' ' ' <$one/cmdline | sed 's/.* \(.\)/\1/'; done`).stdout); sleeps != want {
				t.Errorf("cut off at %s: on %s runs %q, want %q\n%s", c.activity, machine, sleeps, want, r.stderr)
			}
		}
		if why, undo := strings.LastIndex(r.stderr, "could not start"), strings.Index(r.stderr, "could not undo"); undo >= 0 && undo < why {
			t.Errorf("cut off at %s: it tells what could not be undone before what failed:\n%s", c.activity, r.stderr)
		}
		switch c.activity {
		case "--unlock":
			n.expect(0, []string{"2 kept: generation 2\n"}, []string{unlocked}, switching("1002")...)
		case "--activate":
			command := unlocking.FindStringSubmatch(r.stderr)
			if command == nil {
				t.Fatalf("it does not say how to unlock the machine:\n%s", r.stderr)
			}
			n.must("sh", "-c", command[1])
		}
	}
	undone := n.on("test1", "pgrep", "-x", "sleep").stdout
	n.expect(0, []string{"1 restarted, 1 kept: generation 2\n"}, []string{unlocked}, "network-switch", "--rollback")
	if now := n.on("test1", "pgrep", "-x", "sleep").stdout; now != undone {
		t.Errorf("what was seen to be undone runs as %s, was %s", now, undone)
	}
}
