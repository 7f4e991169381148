package tests

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The exit codes of RELIABILITY's table that bad input leads to.
const (
	codeFailed = 1
	codeBusy   = 3
	codeUsage  = 64
	codeModel  = 65
)

// twice is a pair of deployments that get the same bad input: one where nothing
// was deployed yet, and one with a generation that runs.
type twice struct {
	t           *testing.T
	fresh, used *deployment
	pid         int
	start       string
}

func newTwice(t *testing.T) *twice {
	t.Helper()
	b := &twice{t: t, fresh: newDeployment(t), used: newDeployment(t)}
	b.fresh.temporary()
	b.used.temporary()
	b.used.mustSwitchTo(b.used.model("runs.nix", `{ runs = sleeper "runs" { }; }`))
	var alive bool
	if b.pid, b.start, alive = b.used.process("runs"); !alive {
		t.Fatal("the process does not run")
	}
	return b
}

// complains gives both the same arguments; MODEL in them stands for the path of
// a model with this body, a line of its own, in a file called after the test.
func (b *twice) complains(t *testing.T, body string, args []string, code int, want ...string) {
	t.Helper()
	b.each(t, func(t *testing.T, d *deployment) {
		name := strings.Trim(strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' {
				return r
			}
			return '-'
		}, strings.ToLower(t.Name())), "-") + ".nix"
		model := ""
		if strings.HasPrefix(body, "RAW") {
			model = d.write(name, strings.TrimPrefix(body, "RAW"))
		} else if body != "" {
			model = d.model(name, body)
		}
		place := strings.NewReplacer("MODEL", model, "DIR", d.dir)
		filled := make([]string, len(args))
		for i, arg := range args {
			filled[i] = place.Replace(arg)
		}
		wanted := make([]string, len(want))
		for i, text := range want {
			wanted[i] = place.Replace(text)
		}
		d.complains(t, func() outcome { return d.switchTo(filled...) }, code, wanted...)
	})
}

// each does something to both, one after the other.
func (b *twice) each(t *testing.T, act func(*testing.T, *deployment)) {
	t.Helper()
	for kind, d := range map[string]*deployment{"nothing deployed": b.fresh, "a generation runs": b.used} {
		t.Run(kind, func(t *testing.T) {
			d.t = t
			defer func() { d.t = b.t }()
			act(t, d)
			b.stillRuns(t)
		})
	}
}

func (b *twice) stillRuns(t *testing.T) {
	t.Helper()
	pid, start, alive := b.used.process("runs")
	if !alive || pid != b.pid || start != b.start {
		t.Errorf("the process that ran, %d since %s, is %d since %s now (alive: %v)", b.pid, b.start, pid, start, alive)
	}
}

// line is the line of a model's body in its file.
func bodyLine(t *testing.T) int {
	t.Helper()
	d := newDeployment(t)
	text := read(t, d.model("empty.nix", "BODY"))
	return strings.Count(text[:strings.Index(text, "BODY")], "\n") + 1
}

// Each wrong model gives one message that names file and line, or attribute and
// process; the exit code is 65, and nothing is touched.
func TestBadModels(t *testing.T) {
	t.Parallel()
	b := newTwice(t)
	at := fmt.Sprintf("at MODEL:%d:", bodyLine(t))
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"syntax error", `{ a = sleeper "a" { ; }; }`, []string{"syntax error, unexpected ';'", at}},
		{"empty file", `RAW`, []string{"syntax error, unexpected end of file", "MODEL"}},
		{"throw in a process", `{ a = sleeper "a" (throw "no such luck"); }`, []string{"process 'a': no such luck", "at MODEL:"}},
		{"throw beside the package", `{ a = throw "no such luck"; }`, []string{"process 'a': no such luck", at}},
		{"throw in an argument", `{ a = sleeper "a" { args = [ (throw "no such luck") ]; }; }`, []string{"process 'a': no such luck", "MODEL"}},
		{"assert", `assert 1 == 2; { a = sleeper "a" { }; }`, []string{"assertion '(1 == 2)' failed", at}},
		{"abort", `{ a = sleeper "a" { args = [ (abort "enough") ]; }; }`, []string{"process 'a': evaluation aborted with the following error message: 'enough'", "MODEL"}},
		{"undefined variable", `{ a = sleeper "a" { process = nonsuch; }; }`, []string{"undefined variable 'nonsuch'", at}},
		{"missing attribute", `{ a = sleeper "a" { process = pkgs.coreutils.nonsuch; }; }`, []string{"attribute 'nonsuch' missing", at}},
		{"missing import", `import ./nonsuch.nix`, []string{"nonsuch.nix", "No such file", "MODEL"}},
		{"missing path in a model", `{ a = sleeper "a" { process = "${./nonsuch}"; }; }`, []string{"nonsuch", "process 'a'", "MODEL"}},
		{"endless recursion", `let f = x: 1 + f (x + 1); in { a = sleeper "a" { args = [ (f 1) ]; }; }`, []string{"infinite recursion", "MODEL"}},
		{"value that needs itself", `{ a = let x = x + 1; in sleeper "a" { args = [ x ]; }; }`, []string{"process 'a': infinite recursion", at}},
		{"argument that nobody gives", `RAW{ pkgs, needed, wanted ? 1, alsoNeeded, ... }: { }`,
			[]string{"MODEL has arguments without a default that nobody gives: alsoNeeded, needed", "--extra-params"}},
		{"argument that a function lacks", `{ a.pkg = (import (/. + "/nonsuch")) { }; }`, []string{"process 'a'", "nonsuch"}},
		{"unknown property", `{ a = sleeper "a" { colour = "red"; }; }`, []string{"process 'a': 'colour' is no argument of create-managed-process.nix", "at MODEL:"}},
		{"instruction that is text", `{ a = sleeper "a" { overrides.sysvinit.instructions.start = "x"; }; }`, []string{"process 'a': attribute 'instructions.start' is a string, where a set is due"}},
		{"instruction without one", `{ a = sleeper "a" { overrides.sysvinit.instructions.start = { }; }; }`, []string{"process 'a': attribute 'instructions.start' has no 'instruction'"}},
		{"no name", `{ a.pkg = create { process = "/bin/true"; }; }`, []string{"process 'a': No process name was specified", "MODEL"}},

		{"pkg is a number", `{ a.pkg = 5; }`, []string{"MODEL is wrong", "process 'a' has a number as 'pkg', where a package is due"}},
		{"pkg is a string", `{ a.pkg = "/bin/true"; }`, []string{"process 'a' has a string as 'pkg', where a package is due"}},
		{"pkg without a name", `{ a.pkg = { }; }`, []string{"process 'a'", "attribute 'name' missing"}},
		{"process is a string", `{ a = "/bin/true"; }`, []string{"process 'a' is a string, where a set with an attribute 'pkg' is due"}},
		{"process is a function", `{ a = x: x; }`, []string{"process 'a' is a function, where a set with an attribute 'pkg' is due"}},
		{"wrong readiness", `{ a = sleeper "a" { } // { readiness = { tcp = 0; timeout = "5"; }; }; b = sleeper "b" { } // { readiness = { http = "x"; command = [ ]; }; }; }`, []string{
			"process 'a': attribute 'readiness.tcp' has \"0\" for a port", "process 'a': attribute 'readiness.timeout' is a string", "process 'b': attribute 'readiness.http' is \"x\"",
			"process 'b': attribute 'readiness.command' is empty", "process 'b': attribute 'readiness' has command and http, where one of them is due"}},
		{"readiness is a function", `{ a = sleeper "a" { } // { readiness.tcp = x: x; }; }`, []string{"process 'a': attribute 'readiness.tcp' is a function, where plain data is due"}},
		{"missing pkg", `{ a = { port = 80; }; }`, []string{"MODEL is wrong", "process 'a' has no attribute 'pkg'"}},
		{"environment is a string", `{ a = sleeper "a" { environment = "x"; }; }`, []string{"process 'a': attribute 'environment' is a string, where a set is due", "MODEL"}},
		{"environment holds a function", `{ a = sleeper "a" { environment.X = x: x; }; }`, []string{"process 'a': attribute 'environment.X' is a function, where text is due", "MODEL"}},
		{"environment holds a set", `{ a = sleeper "a" { environment.X = { }; }; }`, []string{"process 'a': attribute 'environment.X' is a set, where text is due"}},
		{"bad name of a variable", `{ a = sleeper "a" { environment."A B" = 1; }; }`, []string{"process 'a': environment: \"A B\" can't be the name of a variable"}},
		{"args is a string", `{ a = sleeper "a" { args = "x"; }; }`, []string{"process 'a': attribute 'args' is a string, where a list is due", "MODEL"}},
		{"more args are a string", `{ a = sleeper "a" { foregroundProcessExtraArgs = "x"; }; }`, []string{"process 'a': attribute 'foregroundProcessExtraArgs' is a string, where a list is due"}},
		{"args hold a function", `{ a = sleeper "a" { args = [ (x: x) ]; }; }`, []string{"process 'a': attribute 'args' is a function, where text is due"}},
		{"path is a string", `{ a = sleeper "a" { path = "/bin"; }; }`, []string{"process 'a': attribute 'path' is a string, where a list is due"}},
		{"initialize is a set", `{ a = sleeper "a" { initialize = { }; }; }`, []string{"process 'a': attribute 'initialize' is a set, where text is due"}},
		{"postInstall holds a set", `{ a = sleeper "a" { postInstall = [ { } ]; }; }`, []string{"process 'a': attribute 'postInstall' is a list, where text is due"}},
		{"path holds a set", `{ a = sleeper "a" { path = [ { } ]; }; }`, []string{"process 'a': attribute 'path' is a set, where text is due"}},
		{"pid file without a directory", `{ a = sleeper "a" { pidFile = "a.pid"; }; }`, []string{"process 'a': attribute 'pidFile' is no absolute path: a.pid"}},
		{"package in place of a model", `pkgs.coreutils`, []string{"the processes model", "gives a package, where a set of processes is due"}},
		{"name is a number", `{ a = sleeper "a" { name = 5; }; }`, []string{"process 'a': the name of a process is a number, where text is due"}},
		{"overrides are a number", `{ a = sleeper "a" { overrides = 5; }; }`, []string{"process 'a': attribute 'overrides' is a number, where a set is due"}},
		{"directory is a function", `{ a = sleeper "a" { directory = x: x; }; }`, []string{"process 'a': attribute 'directory' is a function, where text is due"}},
		{"dependency is a number", `{ a = sleeper "a" { dependencies = [ 1 ]; }; }`, []string{"process 'a': a dependency is a number, where a package of a process is due", "MODEL"}},
		{"dependencies are a string", `{ a = sleeper "a" { dependencies = "b"; }; }`, []string{"process 'a': attribute 'dependencies' is a string, where a list is due", "MODEL"}},
		{"nice is a word", `{ a = sleeper "a" { nice = "fast"; }; }`, []string{"process 'a': nice: \"fast\" is not a whole number from -20 to 19"}},
		{"nice is too large", `{ a = sleeper "a" { nice = 20; }; }`, []string{"process 'a': nice: \"20\" is not a whole number from -20 to 19"}},
		{"umask is a word", `{ a = sleeper "a" { umask = "rwx"; }; }`, []string{"process 'a': umask: \"rwx\" is neither an octal number such as 022 nor of the form u=rwx,g=rx"}},
		{"runlevel is a letter", `{ a = sleeper "a" { overrides.sysvinit.runlevels = [ "x" ]; }; }`, []string{"process 'a': runlevels: \"x\" is no runlevel"}},
		{"runlevels are a number", `{ a = sleeper "a" { overrides.sysvinit.runlevels = 3; }; }`, []string{"process 'a': attribute 'runlevels' is a number, where a list is due"}},
		{"credentials are a list", `{ a = sleeper "a" { credentials = [ 1 ]; }; }`, []string{"process 'a': attribute 'credentials' is a list, where a set is due"}},
		{"model is a list", `[ (sleeper "a" { }) ]`, []string{"the processes model MODEL gives a list, where a set of processes is due"}},
		{"file is a list", `RAW[ 1 ]`, []string{"the processes model MODEL gives a list, where a set of processes is due"}},
		{"model is a function of a function", `x: { }`, []string{"the processes model MODEL gives a function, where a set of processes is due"}},
		{"text that is not UTF-8", "{ a = sleeper \"a\" { args = [ \"\xff\" ]; }; }", []string{"MODEL is wrong", "process 'a' has text in its attribute 'args' that is not UTF-8"}},
		{"variable that is not UTF-8", "{ a = sleeper \"a\" { environment.X = \"\xff\"; }; }", []string{"process 'a' has text in its attribute 'environment.X' that is not UTF-8"}},
		{"plain data that is not UTF-8", "{ a = sleeper \"a\" { } // { dnsName = \"\xff\"; }; }", []string{"process 'a' has text in its attribute 'dnsName' that is not UTF-8"}},

		{"cycle", `rec { a = sleeper "a" { dependencies = [ b.pkg ]; }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`, []string{"the dependencies form a cycle: a -> b -> a"}},
		{"cycle through processes", `rec { a = sleeper "a" { dependencies = [ b ]; }; b = sleeper "b" { dependencies = [ c ]; }; c = sleeper "c" { dependencies = [ a ]; }; }`, []string{"the dependencies form a cycle: a -> b -> c -> a"}},
		{"process that waits for itself", `rec { a = sleeper "a" { dependencies = [ a.pkg ]; }; }`, []string{"the dependencies form a cycle: a -> a"}},
		{"name used twice", `{ a = sleeper "same" { }; b = sleeper "same" { args = [ 5 ]; }; }`, []string{"processes 'a' and 'b' have the same name, 'same', but are not the same process"}},
		{"name with a slash", `{ a = sleeper "x/y" { }; }`, []string{`process 'a': its name "x/y" has a slash in it`}},
		{"name with a space", `{ a = sleeper "x y" { }; }`, []string{`process 'a': its name "x y" has white space in it`}},
		{"name with a line break", `{ a = sleeper "x\ny" { }; }`, []string{`process 'a': its name "x\ny" has white space in it`}},
		{"empty name", `{ a = sleeper "" { }; }`, []string{`process 'a': its name "" is empty`}},
		{"hidden name", `{ a = sleeper ".x" { }; }`, []string{`process 'a': its name ".x" begins with '.'`}},
		{"long name", `{ a = sleeper "` + strings.Repeat("x", 201) + `" { }; }`, []string{"is longer than 200 bytes"}},
		{"package for another manager", `{ a.pkg = { nixproc = { schema = 1; manager = "systemd"; name = "a"; dependencies = [ ]; parameters = { }; }; }; }`, []string{"process 'a' is written for systemd, but this deployment is for sysvinit"}},
		{"manager that there is not", `{ a.pkg = import (/. + "/` + "DIR" + `/other.nix") pkgs; }`, []string{"other.nix"}},
		{"package from newer Nix files", `{ a.pkg = { nixproc = { schema = 99; manager = "sysvinit"; name = "a"; }; }; }`, []string{"process 'a' comes from newer Nix files than this command", "upgrade the command"}},
	} {
		t.Run(c.name, func(t *testing.T) { b.complains(t, c.body, []string{"MODEL"}, codeModel, c.want...) })
	}
}

// All that is wrong is listed, not only what is found first.
func TestAllProblemsAreListed(t *testing.T) {
	t.Parallel()
	b := newTwice(t)
	b.complains(t, `rec {
  one = sleeper "one" { nice = "fast"; environment."A B" = 1; };
  two = { };
  three = 3;
  four = sleeper "x y" { };
  five.pkg = "5";
  six = sleeper "six" { umask = 9; };
  seven = sleeper "seven" { dependencies = [ seven.pkg ]; };
  eight = sleeper "nine" { };
  nine = sleeper "nine" { args = [ 1 ]; };
}`, []string{"MODEL"}, codeModel,
		"process 'two' has no attribute 'pkg'", "process 'three' is a number", `process 'four': its name "x y"`,
		"process 'five' has a string as 'pkg'", "a cycle: seven -> seven", "processes 'eight' and 'nine' have the same name")
	b.complains(t, `{
  one = sleeper "one" { nice = "fast"; environment."A B" = 1; };
  two = { };
  six = sleeper "six" { umask = 9; };
}`, []string{"MODEL"}, codeModel,
		"process 'two' has no attribute 'pkg'", `process 'one': nice: "fast"`, `process 'one': environment: "A B"`, `process 'six': umask: "9"`)
}

// With --show-trace Nix's own trace is shown, with the model's file in it.
func TestShowTrace(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.model("throws.nix", `{ a = sleeper "a" { args = [ (throw "no such luck") ]; }; }`)
	short, long := d.switchTo(model), d.switchTo("--show-trace", model)
	if short.code != codeModel || long.code != codeModel {
		t.Errorf("exit codes %d and %d, want %d", short.code, long.code, codeModel)
	}
	for _, want := range []string{"no such luck", "while evaluating process 'a'", "while evaluating 'text'"} {
		if !strings.Contains(long.stderr, want) {
			t.Errorf("no %q in\n%s", want, long.stderr)
		}
	}
	if strings.Count(short.stderr, "\n") > 3 {
		t.Errorf("without --show-trace:\n%s", short.stderr)
	}
}

// The place that is shown lies in the user's files, also when it is not in the
// model itself: then the model's part is named, too.
func TestPlaceInImportedFile(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.write("constructors.nix", "{ sleeper }:\n\n{ broken = name:\n    sleeper name (throw \"broken ${name}\");\n}\n")
	model := d.model("imports.nix", `let constructors = import ./constructors.nix { inherit sleeper; }; in { a = constructors.broken "b"; }`)
	d.complains(t, func() outcome { return d.switchTo(model) }, codeModel, "process 'a': broken b", "at "+d.path("imports.nix")+":")
	d.write("constructors.nix", "{ sleeper }:\n\n{ broken = name:\n    sleeper \"x\" { } // name;\n}\n")
	d.complains(t, func() outcome { return d.switchTo(model) }, codeModel,
		"process 'a': ", "at "+d.path("constructors.nix")+":3:", "from "+d.path("imports.nix")+":")
}

// Numbers of sysvinit's order end at 99: 100 levels fit, one more does not.
func TestDeepModel(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	chain := func(levels int) string {
		return d.model(fmt.Sprintf("chain%d.nix", levels), fmt.Sprintf(`let
  name = n: "p${toString n}";
  process = n: sleeper (name n) (if n == 1 then { } else { dependencies = [ chain.${name (n - 1)}.pkg ]; });
  chain = builtins.listToAttrs (builtins.genList (i: { name = name (i + 1); value = process (i + 1); }) %d);
in chain`, levels))
	}
	d.complains(t, func() outcome { return d.switchTo(chain(101)) }, codeModel, "101 levels deep", "from 0 to 99")
	r := d.nixproc("build", "-P", "sysvinit", "--no-out-link", "--state-dir", d.path("state"), "--force-disable-user-change", chain(100))
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	profile := strings.TrimSpace(r.stdout)
	for file, script := range map[string]string{"S00p1": "p1", "S99p100": "p100", "S50p51": "p51"} {
		if to, err := os.Readlink(profile + "/etc/rc.d/rc3.d/" + file); err != nil || to != "../init.d/"+script {
			t.Errorf("%s: a link to %q, %v", file, to, err)
		}
	}
}
