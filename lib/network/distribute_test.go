package network

import (
	"fmt"
	"strings"
	"testing"
)

func machines(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("machine%d", i))
	}
	return names
}

// chains of three processes, of which each depends on the one before.
func chains(n int) (processes []Process) {
	for i := range n {
		name := fmt.Sprintf("p%d", i)
		processes = append(processes, Process{Attribute: name + "-db", After: nil}, Process{Attribute: name + "-app", After: []string{name + "-db"}}, Process{Attribute: name + "-web", After: []string{name + "-app", "elsewhere"}})
	}
	return processes
}

func distribute(t *testing.T, machines []string, processes []Process) map[string]string {
	t.Helper()
	d, err := Distribute(machines, processes)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What depends on each other is together; each machine gets about as much as any
// other; the order of the lists means nothing.
func TestDistribute(t *testing.T) {
	t.Parallel()
	processes := chains(1000)
	d := distribute(t, machines(10), processes)
	on := map[string]int{}
	for i := range 1000 {
		name := fmt.Sprintf("p%d", i)
		if d[name+"-db"] != d[name+"-app"] || d[name+"-app"] != d[name+"-web"] {
			t.Errorf("%s is taken apart: %s, %s, %s", name, d[name+"-db"], d[name+"-app"], d[name+"-web"])
		}
		on[d[name+"-db"]]++
	}
	for machine, count := range on {
		if count < 60 || count > 140 {
			t.Errorf("%s has %d of 1000 groups", machine, count)
		}
	}
	other := distribute(t, []string{"b", "a", "c"}, []Process{{Attribute: "y", After: []string{"x"}}, {Attribute: "x", After: nil}, {Attribute: "z", After: nil}})
	same := distribute(t, []string{"c", "b", "a"}, []Process{{Attribute: "z", After: nil}, {Attribute: "x", After: nil}, {Attribute: "y", After: []string{"x"}}})
	if fmt.Sprint(other) != fmt.Sprint(same) {
		t.Errorf("%v is not %v", other, same)
	}
	if _, err := Distribute(nil, processes); err == nil {
		t.Error("no machine will do")
	}
}

// When a machine goes, only what was on it moves; when it comes back, only that.
func TestDistributionIsStable(t *testing.T) {
	t.Parallel()
	processes := chains(500)
	all := distribute(t, machines(20), processes)
	fewer := distribute(t, machines(19), processes)
	moved := 0
	for attribute, machine := range all {
		switch {
		case machine == "machine19":
			moved++
		case fewer[attribute] != machine:
			t.Errorf("%s moved from %s to %s", attribute, machine, fewer[attribute])
		}
	}
	if moved == 0 || moved > 1500/20*2 {
		t.Errorf("%d of 1500 processes moved", moved)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	processes := []Process{{Attribute: "a", After: nil}, {Attribute: "b", After: nil}}
	if err := Check(map[string][]string{"a": {"m"}, "b": {"m", "n"}}, []string{"m", "n"}, processes); err != nil {
		t.Error(err)
	}
	err := Check(map[string][]string{"a": {"m", "m", "o"}, "c": {"m"}}, []string{"m", "n"}, processes)
	for _, want := range []string{"process 'b' is on no machine", "no process 'c'", "process 'a': there is no machine 'o'", "process 'a' is on 'm' twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// Two processes of one name can't be on one machine.
func TestAlike(t *testing.T) {
	t.Parallel()
	processes := []Process{{Attribute: "a", Name: "x"}, {Attribute: "b", Name: "x"}, {Attribute: "c", Name: "y"}}
	if err := Alike(map[string][]string{"a": {"m"}, "b": {"n"}, "c": {"m", "n"}}, processes); err != nil {
		t.Error(err)
	}
	err := Alike(map[string][]string{"a": {"m", "n"}, "b": {"o", "n"}}, processes)
	if want := "'a' and 'b' are both called 'x', and both on machine 'n'"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestApart(t *testing.T) {
	t.Parallel()
	if err := Apart(map[string]string{"a": "1", "b": "", "c": "", "d": "2"}); err != nil {
		t.Error(err)
	}
	if err := Apart(map[string]string{"a": "2", "b": "1", "c": "1"}); err == nil || !strings.Contains(err.Error(), "the machines 'b' and 'c' ") {
		t.Errorf("got %v", err)
	}
}
