package tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// sleepers is a model of so many independent processes, s1, s2, …, and one,
// last, that depends on all of them and gets the extra arguments.
func sleepers(number int, last string) string {
	var model, all strings.Builder
	model.WriteString("rec {\n")
	for i := range number {
		fmt.Fprintf(&model, "  s%d = sleeper \"s%d\" { };\n", i+1, i+1)
		fmt.Fprintf(&all, "s%d.pkg ", i+1)
	}
	fmt.Fprintf(&model, "  last = sleeper \"last\" { dependencies = [ %s]; %s };\n}", &all, last)
	return model.String()
}

// P8 and the budget of programs: a switch calls nix-instantiate once and
// nix-store once; one that changes nothing calls nix-instantiate, nothing else,
// starts and stops nothing, and makes no generation.
func TestNoOpSwitch(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	d.warmUp()
	model := d.model("model.nix", sleepers(3, ""))

	calls := d.countCalls()
	d.mustSwitchTo("--host-packages", model)
	if got, want := calls(), []string{"nix-instantiate", "nix-store --realise"}; !slices.Equal(got, want) {
		t.Errorf("the first switch called %q, want %q", got, want)
	}
	before := d.observe()
	runs(t, before, "s1", "s2", "s3", "last")
	r := d.mustSwitchTo("--host-packages", model)
	if got, want := calls(), []string{"nix-instantiate"}; !slices.Equal(got, want) {
		t.Errorf("a switch that changes nothing called %q, want %q", got, want)
	}
	if after := d.observe(); after != before {
		t.Errorf("a switch that changes nothing changed\n%sto\n%s", before, after)
	}
	if !strings.Contains(r.stdout, "4 kept: generation 1") {
		t.Errorf("it says\n%s", r.stdout)
	}
	d.mustSwitchTo("--host-packages", d.model("model.nix", sleepers(3, "umask = \"027\";")))
	if got, want := calls(), []string{"nix-instantiate", "nix-store --realise"}; !slices.Equal(got, want) {
		t.Errorf("a switch with a change called %q, want %q", got, want)
	}
	d.mustSwitchTo("--undeploy")
}

var (
	execLine  = regexp.MustCompile(`^execve\("((?:[^"\\]|\\.)*)", \[(.*)\].*\) = 0$`)
	cloneLine = regexp.MustCompile(`^(?:clone|clone3|fork|vfork)\((.*)\) = ([0-9]+)$`)
)

// warmUp has the binary added to the store, where no other test looks whether it was.
func (d *deployment) warmUp() {
	d.t.Helper()
	d.env = append(d.env, "HOME="+d.path("home"))
	if r := d.nixproc("build", "-P", "sysvinit", "--undeploy", "--no-out-link"); r.code != 0 {
		d.t.Fatalf("warming up: %s", r.stderr)
	}
}

// executed runs a command under strace and lists the programs that the command
// itself executed, and not those that its children did: their base names with
// their first argument, sorted.
func (d *deployment) executed(args ...string) []string {
	d.t.Helper()
	dir, err := os.MkdirTemp(d.dir, "trace")
	if err != nil {
		d.t.Fatal(err)
	}
	// The daemons that the command leaves behind would be traced for ever, so
	// the end of the command is told by a file. -I1 lets strace be interrupted.
	// daemon(1) closes all descriptors that it could have, slowly when traced.
	ended := filepath.Join(dir, "ended")
	output, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer output.Close()
	cmd := exec.Command("strace", slices.Concat([]string{"-I1", "-ff", "--seccomp-bpf", "-s", "4096", "-e", "trace=execve,clone,clone3,fork,vfork", "-o", filepath.Join(dir, "pid"),
		"sh", "-c", `ulimit -n 512; ended=$1; shift; "$@"; echo $? >"$ended"`, "sh", ended, d.binary}, args)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = d.dir, d.env, output, output
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	defer func() {
		cmd.Process.Signal(os.Interrupt) // lets go of the daemons
		time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
	}()
	code := []byte{}
	for end := time.Now().Add(commandTimeout); len(code) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("%q under strace did not end\n%s", args, read(d.t, output.Name()))
		}
		code, _ = os.ReadFile(ended)
	}
	if strings.TrimSpace(string(code)) != "0" {
		d.t.Fatalf("%q under strace: exit code %s\n%s", args, code, read(d.t, output.Name()))
	}
	return childrenOf(d.t, dir, d.binary)
}

// childrenOf reads a directory of strace -ff.
func childrenOf(t *testing.T, dir, program string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "pid.*"))
	if err != nil {
		t.Fatal(err)
	}
	first := map[string]string{} // pid -> its last execve: program and first argument
	children := map[string][]string{}
	threads := map[string][]string{}
	var todo []string
	for _, file := range files {
		pid := strings.TrimPrefix(filepath.Ext(file), ".")
		for line := range strings.Lines(read(t, file)) {
			line = strings.TrimSuffix(line, "\n")
			if match := execLine.FindStringSubmatch(line); match != nil {
				words := strings.Split(match[2], `", "`)
				first[pid] = strings.Trim(filepath.Base(match[1])+" "+words[min(1, len(words)-1)], `"`)
				if match[1] == program {
					todo = append(todo, pid)
				}
			}
			if match := cloneLine.FindStringSubmatch(line); match != nil && strings.Contains(match[1], "CLONE_THREAD") {
				threads[pid] = append(threads[pid], match[2])
			} else if match != nil {
				children[pid] = append(children[pid], match[2])
			}
		}
	}
	if len(todo) != 1 {
		t.Fatalf("%s was executed %d times in %d traces", program, len(todo), len(files))
	}
	var found []string
	for len(todo) > 0 {
		pid := todo[0]
		todo = append(todo[1:], threads[pid]...)
		for _, child := range children[pid] {
			if first[child] != "" { // Go's runtime makes one to try what the kernel can
				found = append(found, first[child])
			}
		}
	}
	slices.Sort(found)
	return found
}

// No program is executed for a process but its script, when it is started or
// stopped: however many processes there are.
func TestNoProgramPerProcess(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("strace", "-ff", "--seccomp-bpf", "-o", "/dev/null", "true").CombinedOutput(); err != nil {
		t.Skipf("strace does not work here: %v %s", err, bytes.TrimSpace(out))
	}
	d := newDeployment(t)
	d.hostNeeds("daemon")
	d.env = append(d.env, "HOME="+d.path("home"))
	model := d.model("model.nix", sleepers(12, ""))
	options := []string{"sysvinit-switch", "--host-packages", "--runlevel=3", "--state-dir", d.path("state"), "--force-disable-user-change"}
	d.mustSwitchTo("--host-packages", model)

	if got, want := d.executed(append(options, model)...), []string{"nix-instantiate --log-format"}; !slices.Equal(got, want) {
		t.Errorf("a switch that changes nothing executed %q, want %q", got, want)
	}
	d.model("model.nix", sleepers(12, "environment.CHANGED = 1;"))
	got := d.executed(append(options, model)...)
	if want := []string{"last start", "last stop", "nix-instantiate --log-format", "nix-store --log-format"}; !slices.Equal(got, want) {
		t.Errorf("a switch that changes one of 13 processes executed %q, want %q", got, want)
	}
	if got, want := d.executed("status", "--runlevel=3"), []string(nil); !slices.Equal(got, want) {
		t.Errorf("status executed %q", got)
	}
	d.mustSwitchTo("--undeploy")
}
