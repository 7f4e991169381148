package tests

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// trial is a line of what nixproc test --json prints.
type trial struct {
	Suite, Profile, Manager, Variant, Status, Cause, Message, Log, Enter, End string
}

// suiteOf writes a suite for a model, of which more attributes are given.
func (d *deployment) suiteOf(name, model, attributes string) string {
	d.t.Helper()
	d.model(name+"/processes.nix", model)
	return d.write(name+"/default.nix", fmt.Sprintf(`{ pkgs, testService, processManagers, profiles }:
testService {
  name = %q;
  exprFile = ./processes.nix;
  inherit processManagers profiles;
  %s
}
`, name, attributes))
}

// test runs suites, and gives the outcome with what was printed as JSON.
func (d *deployment) test(args ...string) (outcome, []trial) {
	d.t.Helper()
	needsRoot(d.t, "python3")
	d.env = append(d.env, "TMPDIR="+d.path("tmp"))
	if err := os.MkdirAll(d.path("tmp"), 0o755); err != nil {
		d.t.Fatal(err)
	}
	r := d.nixproc(append([]string{"test", "--host-packages", "--json"}, args...)...)
	var trials []trial
	if r.stdout != "" {
		if err := json.Unmarshal([]byte(r.stdout), &trials); err != nil {
			d.t.Fatalf("%v\n%s%s", err, r.stdout, r.stderr)
		}
	}
	return r, trials
}

// What is wrong is told as what it is, with a log; what is fine beside it passes.
func TestSuiteReports(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	r, trials := d.test("-P", "sysvinit", "--profile=unprivileged", "--variant=test", "--junit="+d.path("result.xml"),
		d.suiteOf("fine", `{ one = sleeper "one" { }; }`, `
			initialTests = { processes, stateDir, ... }: "names = '${toString (builtins.attrNames processes)} ${stateDir}'";
			readiness = { instanceName, ... }: "machine.wait_for_file('/home/unprivileged/var/run/${instanceName}.pid')";
			tests = { instanceName, processManager, forceDisableUserChange, ... }:
			  "assert names == 'one /home/unprivileged/var'\n"
			  + "assert machine.succeed('stat -c %U /proc/$(cat ~unprivileged/var/run/${instanceName}.pid)') == 'unprivileged\\n', 'user'";
			postTests = _: "tested = True";`),
		d.suiteOf("wrong", `{ one = sleeper "one" { }; }`, `tests = _: "x = 1\nmachine.succeed('echo unlike >&2; false')";`),
		d.suiteOf("unready", `{ one = sleeper "one" { }; }`, `readiness = _: "machine.wait_for_open_port(9, timeout=0.5)";`),
		d.suiteOf("leaking", `{ one = sleeper "one" { foregroundProcess = script "one" "setsid sleep 4711 & exec sleep 1000"; args = [ ]; }; }`, ""),
		d.suiteOf("garbled", `{ one = sleeper "one" { }; }`, `readiness = _: "\nx = (1";`),
		d.suiteOf("dying", `{ one = sleeper "one" { args = [ 0 ]; }; }`, ""))
	if r.code != 1 || !strings.Contains(r.stderr, "5 of 6 variants failed") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	want := map[string]struct{ status, cause, message string }{
		"fine":    {"passed", "", ""},
		"wrong":   {"failed", "assertion", "tests of one: command `echo unlike >&2; false` failed (exit code 1); it printed:\n  unlike"},
		"unready": {"failed", "readiness", "readiness of one: nobody listened on TCP port 9 of localhost within 0.5 s"},
		"leaking": {"failed", "leak", ": sleep 4711"},
		"garbled": {"failed", "syntax", "readiness of one: it is no Python: "},
		"dying":   {"failed", "deployment", "nixproc-sysvinit-deploy"},
	}
	if len(trials) != len(want) {
		t.Fatalf("%d results, want %d", len(trials), len(want))
	}
	for _, got := range trials {
		w := want[got.Suite]
		if got.Status != w.status || got.Cause != w.cause || !strings.Contains(got.Message, w.message) {
			t.Errorf("%s: %s, %s: %q, want %v", got.Suite, got.Status, got.Cause, got.Message, w)
		}
		if got.Cause == "syntax" {
			continue // nothing was done
		}
		if got.Status == "failed" && !strings.Contains(read(t, got.Log), "nixproc-sysvinit-deploy") {
			t.Errorf("%s has no log of what was done", got.Suite)
		}
		if got.Status == "failed" && !strings.Contains(r.stderr, got.Log) {
			t.Errorf("the place of %s is not printed\n%s", got.Log, r.stderr)
		}
	}
	checkJUnit(t, read(t, d.path("result.xml")))
	nothingOfSuites(t, d)
}

func checkJUnit(t *testing.T, text string) {
	t.Helper()
	var report struct {
		Suites []struct {
			Name     string `xml:"name,attr"`
			Failures int    `xml:"failures,attr"`
			Cases    []struct {
				Class   string `xml:"classname,attr"`
				Failure *struct {
					Type string `xml:"type,attr"`
				} `xml:"failure"`
				Output string `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text), &report); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, s := range report.Suites {
		for _, c := range s.Cases {
			cause := "passed"
			if c.Failure != nil {
				cause = c.Failure.Type
			}
			said = append(said, fmt.Sprint(c.Class, " ", s.Failures, " ", cause, " ", c.Output != ""))
		}
	}
	want := `fine.unprivileged.sysvinit 0 passed false
wrong.unprivileged.sysvinit 1 assertion true
unready.unprivileged.sysvinit 1 readiness true
leaking.unprivileged.sysvinit 1 leak true
garbled.unprivileged.sysvinit 1 syntax false
dying.unprivileged.sysvinit 1 deployment true`
	if got := strings.Join(said, "\n"); got != want {
		t.Errorf("the XML says\n%s\nwant\n%s", got, want)
	}
}

// nothingOfSuites looks whether a test run has left a process, a mount or a directory.
func nothingOfSuites(t *testing.T, d *deployment) {
	t.Helper()
	eventually(t, "that nothing is left", func() bool {
		dirs, _ := filepath.Glob(d.path("tmp", "nixproc-work-*"))
		return len(dirs) == 0 && len(mentions(t, d.path("tmp"))) == 0 && !strings.Contains(read(t, "/proc/self/mounts"), d.path("tmp"))
	})
}

// What can be known before is told before anything starts.
func TestBadSuites(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	account := func(name, uid string) string {
		return fmt.Sprintf(`%[1]s = sleeper %[1]q { user = %[1]q; credentials.groups.%[1]s = { }; credentials.users.%[1]s = { group = %[1]q; uid = %[2]s; }; };`, name, uid)
	}
	for _, c := range []struct {
		name, model, attributes string
		says                    []string
	}{
		{"ports", `{ one = sleeper "one" { } // { port = 80; }; two = sleeper "two" { } // { httpPort = 80; }; }`, "", []string{"port 80 is wanted by process 'one' (port) and process 'two' (httpPort)"}},
		{"numbers", "{ " + account("one", "4711") + account("two", "4711") + " }", "", []string{"uid 4711 is wanted by 'one' and 'two'"}},
		{"throwing", `{ one = throw "no idea"; }`, "", []string{"no idea", "throwing/processes.nix:", "suite 'throwing privileged sysvinit'"}},
		{"cycling", `rec { one = sleeper "one" { dependencies = [ two ]; }; two = sleeper "two" { dependencies = [ one ]; }; }`, "", []string{"one", "two", "cycle"}},
		{"stranger", `{ }`, "more = 1;", []string{"more"}},
	} {
		r, trials := d.test("-P", "sysvinit", "--profile=privileged", d.suiteOf(c.name, c.model, c.attributes))
		if r.code != 65 || len(trials) > 0 {
			t.Errorf("%s: exit code %d, %v\n%s", c.name, r.code, trials, r.stderr)
		}
		for _, words := range c.says {
			if !strings.Contains(r.stderr, words) {
				t.Errorf("%s: it does not say %q:\n%s", c.name, words, r.stderr)
			}
		}
	}
	r, trials := d.test("-P", "sysvinit", "--profile=privileged", "--variant=test", d.suiteOf("garbled", `{ one = sleeper "one" { }; }`, `postTests = _: "if";`))
	if r.code != 65 || len(trials) != 1 || !strings.Contains(r.stderr, "1 of 1 variants failed, and nothing was started") {
		t.Errorf("statements that are no Python: exit code %d, %v\n%s", r.code, trials, r.stderr)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{}, 64, "no SUITE was given"},
		{[]string{"-P", "sysvinit,upstart", "x"}, 64, "there is no 'upstart'"},
		{[]string{"--profile=root", "x"}, 64, "use privileged, unprivileged"},
		{[]string{"--variant=tests", "x"}, 64, "use test, upgrade, crash"},
		{[]string{"none.nix"}, 65, "does not exist"},
		{[]string{"--junit=" + d.path("none/junit.xml"), "x"}, 65, "x does not exist"},
		{[]string{"--junit=" + d.path("none/junit.xml"), d.write("empty.nix", "{ }: { }")}, 64, "--junit: there is no directory"},
		{[]string{d.write("empty.nix", "{ }: { }")}, 65, "there is no suite in it"},
		{[]string{d.write("value.nix", "3")}, 65, "where a suite or a set of suites is due"},
		{[]string{d.write("asking.nix", "{ what }: { }")}, 65, "arguments without a default that nobody gives: what"},
	} {
		if r, _ := d.test(c.args...); r.code != c.code || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%q: exit code %d, want %d and %q\n%s", c.args, r.code, c.code, c.says, r.stderr)
		}
	}
	nothingOfSuites(t, d)
}

// What is not installed is no failure: neither a process manager, nor a program of
// the model.
func TestSuiteSkips(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	bin := d.path("bin")
	for _, program := range []string{"nix-instantiate", "nix-store", "python3"} {
		path, err := exec.LookPath(program)
		if err == nil {
			err = os.MkdirAll(bin, 0o755)
		}
		if err == nil {
			err = os.Symlink(path, filepath.Join(bin, program))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d.env = append(d.env, "PATH="+bin)
	r, trials := d.test("-P", "supervisord,disnix,sysvinit", "--profile=privileged", "--variant=test",
		d.suiteOf("nowhere", `{ one = sleeper "one" { foregroundProcess = "${pkgs.hydra or (throw "hostpkgs: this host has no hydra")}/bin/hydra"; }; }`, ""))
	if r.code != 0 || len(trials) != 3 {
		t.Fatalf("exit code %d, %v\n%s", r.code, trials, r.stderr)
	}
	for i, want := range []string{"supervisord is not installed", "disnix is tested in virtual machines only", "there is no hydra"} {
		if trials[i].Status != "skipped" || !strings.HasPrefix(trials[i].Message, want) {
			t.Errorf("%s: %s: %s, want %q", trials[i].Manager, trials[i].Status, trials[i].Message, want)
		}
	}
}

// A run that is killed leaves nothing; one that is to keep what failed leaves it, by
// the command that it prints.
func TestSuiteIsLeft(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	seconds := longTime()
	slow := d.suiteOf("slow", `{ one = sleeper "one" { }; }`, `tests = _: "open('`+d.path("begun")+`', 'w').close(); machine.succeed('sleep `+seconds+`')";`)
	shell := d.write("shell", "#!/bin/sh\necho 'pgrep -x sleep | sed s/^/seen:/' | "+strconv.Quote(d.binary)+" \"$@\"\n")
	if err := os.Chmod(shell, 0o755); err != nil {
		t.Fatal(err)
	}
	typed := *d
	typed.binary = shell
	r, trials := typed.test("-P", "sysvinit", "--profile=privileged", "--variant=test", "--interactive", "--keep", "--timeout=1", slow)
	if r.code != 1 || len(trials) != 1 || trials[0].Enter == "" {
		t.Fatalf("exit code %d, %v\n%s", r.code, trials, r.stderr)
	}
	if !strings.Contains(r.stderr, "a shell in its machine") || !strings.Contains(r.stderr, "\nseen:") {
		t.Errorf("no shell saw the process:\n%s", r.stderr)
	}
	if said := d.program("sh", "-c", trials[0].Enter+" -c 'pgrep -x sleep'").stdout; said == "" {
		t.Errorf("%s: no process runs in there", trials[0].Enter)
	}
	d.must("sh", "-c", trials[0].End)
	var value any
	if err := json.Unmarshal([]byte(r.stdout), &value); err != nil {
		t.Fatal(err)
	}
	fields := map[string]bool{}
	fieldsOf(value, fields)
	sameNames(t, "nixproc test --json", wordsOf(tableOf(t, "### `nixproc test --json`")), fields)
	nothingOfSuites(t, d)

	if err := os.Remove(d.path("begun")); err != nil {
		t.Fatal(err)
	}
	d.env = typed.env
	d.killedTesting(slow, d.path("tmp", "nixproc-work-*", "*"))
	wrong := d.write("wrong.nix", "{ }: wrong")
	eventually(t, "that the next command removes what is left", func() bool {
		d.nixproc("build", "--host-packages", "-P", "sysvinit", wrong)
		dirs, _ := filepath.Glob(d.path("tmp", "nixproc-work-*"))
		return len(dirs) == 0
	})
	d.killedTesting(slow, d.path("begun"))
	nothingOfSuites(t, d)
	eventually(t, "the end of what the suite has started", func() bool { return len(mentions(t, "sleep\x00"+seconds)) == 0 })
}

// killedTesting runs a suite, and kills it as soon as there is a file that matches.
func (d *deployment) killedTesting(suite, file string) {
	d.t.Helper()
	cmd := exec.Command(d.binary, "test", "--host-packages", "-P", "sysvinit", "--profile=privileged", "--variant=test", suite)
	cmd.Env, cmd.Dir = d.env, d.dir
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if found, _ := filepath.Glob(file); len(found) > 0 {
			return
		}
		if time.Now().After(end) {
			d.t.Fatal("it did not come to " + file)
		}
	}
}
