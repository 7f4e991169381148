package suite

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// onHost runs statements where there is no machine but the host.
func onHost(t *testing.T) *python {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	enter := exec.Command("/usr/bin/env")
	enter.Args, enter.Env = []string{"env"}, os.Environ()
	p, err := startPython(enter, 1, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.end)
	return p
}

// Each helper of the machine works, fails, and has its time run out.
func TestHelpers(t *testing.T) {
	t.Chdir(t.TempDir())
	p := onHost(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	begin := time.Now()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	helpers[0].statement = "listening, free = " + port + ", 1\n" + helpers[0].statement
	for _, c := range helpers {
		problem, err := p.run("part", c.statement)
		if err != nil {
			t.Fatal(err)
		}
		if c.problem == "" && problem != "" || !strings.Contains(problem, c.problem) {
			t.Errorf("%s\nsays  %q\nwant  %q", c.statement, problem, c.problem)
		}
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

// Units of systemd are asked as systemctl says, which a program stands for here.
func TestUnits(t *testing.T) {
	dir := t.TempDir()
	const systemctl = `#!/bin/sh
case "$*" in
"--no-pager show good.service") echo ActiveState=active; echo Description=a=b ;;
"--no-pager show starting.service") echo ActiveState=activating; echo Job=3 ;;
"--no-pager show waiting.service") echo ActiveState=inactive; echo Job=3 ;;
"--no-pager show idle.service") echo ActiveState=inactive ;;
"--no-pager show failed.service") echo ActiveState=failed ;;
*) echo "what is $*?" >&2; exit 4 ;;
esac
`
	if err := os.WriteFile(filepath.Join(dir, "systemctl"), []byte(systemctl), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	p := onHost(t)
	for _, c := range []struct{ statement, problem string }{
		{`machine.wait_for_unit("good.service")`, ""},
		{`machine.wait_for_unit("failed.service")`, "unit failed.service is failed"},
		{`machine.wait_for_unit("idle.service")`, "unit idle.service is inactive, and nothing is to start it"},
		{`machine.wait_for_unit("starting.service", timeout=0.3)`, "unit starting.service was not active within 0.3 s"},
		{`machine.wait_for_unit("waiting.service", timeout=0.3)`, "unit waiting.service was not active within 0.3 s"},
		{`machine.wait_for_unit("none.service")`, "systemctl can't tell of unit none.service (exit code 4); it printed:\n  what is --no-pager show none.service?"},
		{`assert machine.get_unit_property("good.service", "Description") == "a=b"`, ""},
		{`machine.require_unit_state("idle.service")`, "unit idle.service is inactive, not active"},
		{`assert machine.systemctl("reboot")[0] == 4`, ""},
		{`machine.wait_for_unit("good.service", "nobody-there")`, "systemctl can't tell of unit good.service (exit code 1)"},
	} {
		problem, err := p.run("part", c.statement)
		if err != nil {
			t.Fatal(err)
		}
		if c.problem == "" && problem != "" || !strings.Contains(problem, c.problem) {
			t.Errorf("%s\nsays  %q\nwant  %q", c.statement, problem, c.problem)
		}
	}
}

var helpers = []struct {
	statement string
	problem   string // a part of it, "" for none
}{
	{`assert machine.succeed("echo a", "echo b") == "a\nb\n"`, ""},
	{`machine.succeed("echo said; echo more >&2; exit 3")`, "command `echo said; echo more >&2; exit 3` failed (exit code 3); it printed:\n  said\n  more"},
	{`machine.succeed("false | cat")`, "exit code 1"},
	{`machine.succeed("echo $no_such_variable")`, "unbound variable"},
	{`machine.succeed("echo so far; sleep 60", timeout=0.3)`, "did not end within 0.3 s; it printed:\n  so far"},
	{`machine.succeed("sleep 60")`, "did not end within 1 s"},
	{`assert machine.fail("echo a; exit 2") == "a\n"`, ""},
	{`machine.fail("true")`, "command `true` unexpectedly succeeded"},
	{`machine.fail("sleep 60", timeout=0.3)`, "did not end within 0.3 s"},
	{`assert machine.execute("echo a; exit 7") == (7, "a\n")`, ""},
	{`assert machine.execute("exit 7", check_return=False)[0] == 0`, "AssertionError\n  in line 1: assert machine.execute"},
	{`assert machine.execute("sleep 60 & echo a", timeout=0.3) == (124, "a\n")`, ""},
	{`machine.wait_until_succeeds("test -e there || { touch there; false; }")`, ""},
	{`machine.wait_until_succeeds("echo no; false", timeout=0.3)`, "did not succeed within 0.3 s, last with exit code 1; it printed:\n  no"},
	{`machine.wait_until_succeeds("sleep 60", timeout=0.3)`, "did not succeed within 0.3 s"},
	{`machine.wait_until_fails("test ! -e gone && touch gone")`, ""},
	{`machine.wait_until_fails("true", timeout=0.3)`, "command `true` did not fail within 0.3 s, last with exit code 0"},
	{`machine.wait_for_file("/etc/passwd")`, ""},
	{`machine.wait_for_file("/no/such file", timeout=0.3)`, "there was no file '/no/such file' within 0.3 s"},
	{`machine.wait_for_file(3)`, "TypeError"},
	{`machine.wait_for_open_port(listening)`, ""},
	{`machine.wait_for_open_port(listening, "127.0.0.1")`, ""},
	{`machine.wait_for_open_port(free, timeout=0.3)`, "nobody listened on TCP port 1 of localhost within 0.3 s"},
	{`machine.wait_for_open_port("http")`, "ValueError"},
	{`machine.wait_for_closed_port(free)`, ""},
	{`machine.wait_for_closed_port(listening, timeout=0.3)`, "was not closed within 0.3 s"},
	{`machine.copy_from_host("/etc/passwd", "new/copy"); machine.succeed("cmp /etc/passwd new/copy")`, ""},
	{`machine.copy_from_host("/etc/passwd", "new"); machine.succeed("cmp /etc/passwd new/passwd")`, ""},
	{`machine.copy_from_host("/no/such/file", "copy")`, "FileNotFoundError"},
	{`machine.copy_from_host("/etc/passwd", "/proc/copy")`, "/etc/passwd can't be copied to /proc/copy (exit code 2); it printed:"},
	{`machine.succeed("mkfifo pipe; ln -s pipe dir"); machine.copy_from_host("/etc/passwd", "pipe/x")`, "exit code 1"},
	{`retry(lambda last: True)`, ""},
	{`retry(lambda last: False, timeout=0.1)`, "it did not work within 0.1 s"},
	{`retry(lambda last: 1 / 0)`, "ZeroDivisionError"},
	{`machine.sleep(0.01); start_all(); machine.start(); machine.log("words"); t.assertEqual(1, 1)`, ""},
	{`machine.sleep("long")`, "TypeError"},
	{"with subtest('outer'):\n    with subtest('inner'):\n        machine.fail('true')", "subtest 'outer': subtest 'inner': command `true` unexpectedly succeeded"},
	{"with subtest('fine'):\n    machine.succeed('true')", ""},
	{"x = 1\n\nassert x == 2", "AssertionError\n  in line 3: assert x == 2"},
	{"def f(:", "it is no Python: "},
	{`machine.screenshot("x")`, "machine.screenshot is not there without a virtual machine"},
	{"raise SystemExit(0)", "SystemExit: 0"},
	{"names_of_earlier_parts = x", ""},
}
