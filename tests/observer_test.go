package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// observation is what observer.sh wrote: what really runs, whatever nixproc
// says of it.
type observation string

// observe writes down what is. The values of the variables are part of it.
func (d *deployment) observe(variables ...string) observation {
	d.t.Helper()
	script, err := filepath.Abs("observer.sh")
	if err != nil {
		d.t.Fatal(err)
	}
	out, err := exec.Command("sh", append([]string{script, d.path("state"), d.path("profiles")}, variables...)...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("observer: %v\n%s", err, out)
	}
	return observation(out)
}

// fact gives what an observation says of something, "" for nothing.
func (o observation) fact(about string) string {
	for line := range strings.Lines(string(o)) {
		if value, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), about+" "); ok {
			return value
		}
	}
	return ""
}

// identity says which process a name stands for: pid and start time. It is ""
// if none lives.
func (o observation) identity(name string) string {
	pid, state := o.fact("process "+name+" pid"), o.fact("process "+name+" state")
	if pid == "" || state == "Z" || state == "X" {
		return ""
	}
	return pid + " since " + o.fact("process "+name+" start")
}

// running lists the names of the processes that live, sorted.
func (o observation) running() []string {
	var names []string
	for line := range strings.Lines(string(o)) {
		if fields := strings.Fields(line); fields[0] == "process" && fields[2] == "pid" && o.identity(fields[1]) != "" {
			names = append(names, fields[1])
		}
	}
	return names
}

// profile gives the lines about Nix profiles.
func (o observation) profile() string {
	var lines []string
	for line := range strings.Lines(string(o)) {
		if strings.HasPrefix(line, "profile ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// same checks that each named process lived before, and lives now as the same
// process; it gives how many it compared.
func same(t *testing.T, before, after observation, names ...string) int {
	t.Helper()
	compared := 0
	for _, name := range names {
		was, is := before.identity(name), after.identity(name)
		switch {
		case was == "":
			t.Errorf("%s did not run before:\n%s", name, before)
		case was != is:
			t.Errorf("%s was process %s and is process %q now", name, was, is)
		default:
			compared++
		}
	}
	return compared
}

// replaced checks that each named process lives in both and is another one.
func replaced(t *testing.T, before, after observation, names ...string) {
	t.Helper()
	for _, name := range names {
		if was, is := before.identity(name), after.identity(name); was == "" || is == "" || was == is {
			t.Errorf("%s was process %q and is process %q: it should be another one", name, was, is)
		}
	}
}

// runs checks that these are the processes that run, no others.
func runs(t *testing.T, o observation, names ...string) {
	t.Helper()
	names = slices.Sorted(slices.Values(names))
	if got := o.running(); !slices.Equal(got, names) {
		t.Errorf("%q run, want %q\n%s", got, names, o)
	}
}

// The observer itself tells the truth about a process that is known: every
// other end-to-end test rests on it.
func TestObserver(t *testing.T) {
	t.Parallel()
	d := &deployment{t: t, dir: filepath.Join(t.TempDir(), "a folder")}
	for _, dir := range []string{"state/run", "profiles", "work dir"} {
		if err := os.MkdirAll(d.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", "-c", "umask 027; exec nice -n 5 sleep 100")
	cmd.Dir = d.path("work dir")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "COLOUR=light\nblue", "SECRET=s3cret"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	d.write("state/run/one.pid", fmt.Sprintln(cmd.Process.Pid))
	d.write("state/run/two.pid", "999999999\n")
	d.write("state/run/three.pid", "rubbish")
	if err := os.Symlink("processes-1-link", d.path("profiles", "processes")); err != nil {
		t.Fatal(err)
	}
	priority, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0) // 20 - nice, as getpriority(2) returns it
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "sleep runs", func() bool { return d.observe().fact("process one program") == "sleep" })

	o := d.observe("COLOUR")
	for about, want := range map[string]string{
		"process one pid":         fmt.Sprint(cmd.Process.Pid),
		"process one user":        fmt.Sprint(os.Getuid()),
		"process one umask":       "0027",
		"process one nice":        fmt.Sprint(20 - priority + 5),
		"process one directory":   d.path("work dir"),
		"process one variable":    "COLOUR=light blue",
		"process two gone":        "999999999",
		"process three rubbish":   "in its pid file",
		"profile processes ->":    "processes-1-link",
		"process one state":       "alive",
		"process one program":     "sleep",
		"process one environment": "COLOUR PATH PWD SECRET",
	} {
		got := o.fact(about)
		if about == "process one environment" {
			got = strings.Replace(got, " OLDPWD", "", 1) // some shells export it
		}
		if got != want {
			t.Errorf("%s: %q, want %q", about, got, want)
		}
	}
	if strings.Contains(string(o), "s3cret") {
		t.Error("the observer wrote down a value that nobody asked for")
	}
	if again := d.observe("COLOUR"); again != o {
		t.Errorf("a second look gives\n%s\nafter\n%s", again, o)
	}
	runs(t, o, "one")

	// Dead, but not waited for: it is a zombie, and all else is seen as before.
	cmd.Process.Kill()
	eventually(t, "sleep is a zombie", func() bool { return processState(cmd.Process.Pid) == "Z" })
	if zombie := d.observe(); zombie.identity("one") != "" || zombie.fact("process two gone") == "" || zombie.fact("profile processes ->") == "" {
		t.Errorf("beside a zombie it is observed that\n%s", zombie)
	}
	cmd.Wait()
	if after := d.observe(); after.identity("one") != "" {
		t.Errorf("a dead process is observed:\n%s", after)
	}
}
