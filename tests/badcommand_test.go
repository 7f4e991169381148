package tests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const aModel = `{ a = sleeper "a" { }; }`

// Wrong words on the command line of a switch.
func TestBadArguments(t *testing.T) {
	t.Parallel()
	b := newTwice(t)
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"nothing to deploy", nil, codeUsage, []string{"no processes model was given", "NIXPROC_PROCESSES"}},
		{"two models", []string{"MODEL", "MODEL"}, codeUsage, []string{"one PATH is enough"}},
		{"unknown option", []string{"--nonsuch", "MODEL"}, codeUsage, []string{"sysvinit-switch: unknown option --nonsuch", "nixproc sysvinit-switch --help"}},
		{"unknown letter", []string{"-Z", "MODEL"}, codeUsage, []string{"unknown option -Z"}},
		{"ambiguous option", []string{"--l", "MODEL"}, codeUsage, []string{"option --l is ambiguous: --lib-dir, --list-generations, --lock-dir, --log-dir"}},
		{"value for a switch", []string{"--undeploy=yes"}, codeUsage, []string{"option --undeploy takes no value"}},
		{"missing value", []string{"MODEL", "--profile"}, codeUsage, []string{"option --profile needs a value"}},
		{"jobs", []string{"--jobs=many", "MODEL"}, codeUsage, []string{`option --jobs: "many" is no whole number`}},
		{"name of a profile", []string{"-p", "../x", "MODEL"}, codeUsage, []string{`"../x" cannot be the name of a profile`}},

		{"generation that there is not", []string{"--switch-generation=99"}, codeFailed, []string{"no generation 99 of sysvinit", "--list-generations"}},
		{"generation that is no number", []string{"--switch-generation=abc"}, codeUsage, []string{`--switch-generation: "abc" is no number of a generation`}},
		{"negative generation", []string{"--switch-generation=-1"}, codeUsage, []string{`--switch-generation: "-1" is no number`}},
		{"no generation", []string{"--switch-generation="}, codeUsage, []string{"option --switch-generation needs a value"}},
		{"roll back to nothing", []string{"--rollback"}, codeFailed, []string{"can't be rolled back", "no generation before the current one"}},
		{"delete what is no generation", []string{"--delete-generations=soon"}, codeUsage, []string{`--delete-generations: "soon" is no generation`}},
		{"two operations", []string{"--undeploy", "--rollback"}, codeUsage, []string{"--undeploy and --rollback can't go together"}},
		{"three operations", []string{"--rollback", "--list-generations", "--switch-generation=1"}, codeUsage, []string{"--rollback and --switch-generation and --list-generations"}},
		{"operation and model", []string{"--undeploy", "MODEL"}, codeUsage, []string{"--undeploy takes no PATH"}},
		{"abbreviated operation and model", []string{"--undep", "MODEL"}, codeUsage, []string{"--undeploy takes no PATH"}},

		{"missing file", []string{"DIR/nonsuch.nix"}, codeModel, []string{"DIR/nonsuch.nix does not exist"}},
		{"file in a file", []string{"MODEL/x"}, codeModel, []string{"MODEL/x does not exist"}},
		{"directory that is no profile", []string{"DIR"}, codeModel, []string{"DIR is a directory, but no profile"}},

		{"another manager", []string{"--extra-params", `{ processManager = "systemd"; }`, "MODEL"}, codeModel, []string{"--extra-params can't change processManager", "sysvinit"}},
		{"no end of the parameters", []string{"--extra-params", "{ a = 1;", "MODEL"}, codeModel, []string{"syntax error, unexpected end of file", "at --extra-params:1:"}},
		{"undefined variable in the parameters", []string{"--extra-params", "{ a = 1;\n b = nonsuch; }", "MODEL"}, codeModel, []string{"undefined variable 'nonsuch'", "at --extra-params:2:6"}},
		{"throw in the parameters", []string{"--extra-params", `throw "no such luck"`, "MODEL"}, codeModel, []string{"--extra-params: no such luck"}},
		{"parameters are a number", []string{"--extra-params=5", "MODEL"}, codeModel, []string{"--extra-params is a number, where a set { … } is due"}},
		{"parameter throws", []string{"--extra-params", `{ logDir = throw "no such luck"; }`, "MODEL"}, codeModel, []string{"process 'a': no such luck", "in MODEL"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := ""
			if slices.ContainsFunc(append(c.args, c.want...), func(s string) bool { return strings.Contains(s, "MODEL") }) {
				body = aModel
			}
			b.complains(t, body, c.args, c.code, c.want...)
		})
	}
}

// Other commands, with what is wrong for them.
func TestBadCommands(t *testing.T) {
	t.Parallel()
	b := newTwice(t)
	model := b.fresh.model("a.nix", aModel)
	accounts := b.fresh.model("accounts.nix", `{ a = sleeper "a" { credentials = { groups."a:b" = { }; users."b c" = { group = "x,y"; }; }; }; }`)
	noProfile := b.fresh.store.build(t, `pkgs.runCommand "no-profile" { } "mkdir -p $out/bin; echo hello > $out/bin/hello"`)
	file := b.fresh.store.build(t, `pkgs.writeText "some-text" "hello"`)
	inside := filepath.Join(noProfile, "bin")
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"no such command", []string{"nonsense"}, codeUsage, []string{`there is no command "nonsense"`, "nixproc help"}},
		{"build for nobody", []string{"build", model}, codeUsage, []string{"no process manager was given", "-P"}},
		{"build for whom there is not", []string{"build", "-P", "nonsense", model}, codeUsage, []string{"there is no process manager 'nonsense'", "sysvinit"}},
		{"build what was built", []string{"build", "-P", "sysvinit", noProfile}, codeModel, []string{noProfile, "is no profile"}},
		{"build with bad account names", []string{"build", "-P", "sysvinit", accounts}, codeModel, []string{"process 'a': ", `"a:b"`, `"b c"`, `"x,y"`}},
		{"switch to a path that is no profile", []string{"sysvinit-switch", noProfile}, codeModel, []string{noProfile + " is no profile"}},
		{"switch to a directory in a path", []string{"sysvinit-switch", inside}, codeModel, []string{inside + " is a directory, but no profile"}},
		{"switch to a text", []string{"sysvinit-switch", file}, codeModel, []string{"undefined variable 'hello'", file}},
		{"deploy nothing", []string{"sysvinit-deploy"}, codeUsage, []string{"no profile was given"}},
		{"deploy a path that is no profile", []string{"sysvinit-deploy", noProfile}, codeModel, []string{noProfile + " is no profile"}},
		{"deploy a model", []string{"sysvinit-deploy", model}, codeUsage, []string{"is no profile", "nixproc build -P sysvinit"}},
		{"keep going where all starts at once", []string{"disnix-switch", "--keep-going", model}, codeUsage, []string{"--keep-going: disnix starts all processes by one command"}},
		{"no activity", []string{"sysvinit-runactivity"}, codeUsage, []string{"name an activity"}},
		{"activity for a model", []string{"sysvinit-runactivity", "start", model}, codeUsage, []string{"is no profile"}},
		{"state of something", []string{"init-state", "x"}, codeUsage, []string{"init-state takes no operands"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.each(t, func(t *testing.T, d *deployment) {
				d.complains(t, func() outcome { return d.nixproc(c.args...) }, c.code, c.want...)
			})
		})
	}
}

// with runs a switch to a good model with other environment variables.
func (d *deployment) with(t *testing.T, variables []string, args ...string) outcome {
	t.Helper()
	before := d.env
	d.env = append(slices.Clone(d.env), variables...)
	defer func() { d.env = before }()
	return d.switchTo(append(args, d.model("a.nix", aModel))...)
}

// Trouble with Nix itself is no fault of the model's: exit code 1.
func TestNixThatDoesNotWork(t *testing.T) {
	t.Parallel()
	b := newTwice(t)
	noInstantiate := linkPrograms(t, func(name string) bool { return name != "nix-instantiate" })
	for _, c := range []struct {
		name      string
		variables []string
		want      []string
	}{
		{"none on PATH", []string{"PATH=/nonexistent"}, []string{"nix-instantiate is not on PATH", "install the Nix package manager"}},
		{"none on PATH, first run", []string{"PATH=/nonexistent", "HOME=DIR/nobody"}, []string{"nix-store is not on PATH", "install the Nix package manager"}},
		{"only half of it on PATH", []string{"PATH=" + noInstantiate}, []string{"nix-instantiate is not on PATH"}},
		{"dead daemon", []string{"NIX_REMOTE=unix:///nonexistent"}, []string{"Nix does not work here: cannot connect to socket at '/nonexistent'"}},
		{"dead daemon, first run", []string{"NIX_REMOTE=unix:///nonexistent", "HOME=DIR/nobody"}, []string{"Nix does not work here: cannot connect to socket at '/nonexistent'"}},
		{"a state directory that can't be", []string{"NIX_STATE_DIR=/dev/null/x", "NIX_REMOTE="}, []string{"Nix does not work here: '/dev/null' is not a directory"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.each(t, func(t *testing.T, d *deployment) {
				variables := make([]string, len(c.variables))
				for i, variable := range c.variables {
					variables[i] = strings.ReplaceAll(variable, "DIR", d.dir)
					if strings.Contains(variable, "_DIR=") {
						variables[i] = variable
					}
				}
				d.complains(t, func() outcome { return d.with(t, variables) }, codeFailed, c.want...)
			})
		})
	}
}

// linkPrograms makes a directory with links to those programs of PATH that are
// wanted.
func linkPrograms(t *testing.T, wanted func(name string) bool) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(from)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			if wanted(entry.Name()) {
				// The first one of a name counts.
				_ = os.Symlink(filepath.Join(from, entry.Name()), filepath.Join(dir, entry.Name()))
			}
		}
	}
	return dir
}

// <nixpkgs> that is not there is the most frequent beginner's error.
func TestNoNixpkgs(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.complains(t, func() outcome { return d.with(t, []string{"NIX_PATH="}) }, codeModel, "<nixpkgs> was not found", "--host-packages", "at "+d.path("a.nix")+":1:")
}

// A build that fails names the derivation and shows the end of its log, and
// only of its log.
func TestFailingBuild(t *testing.T) {
	t.Parallel()
	b := newTwice(t)
	b.complains(t, `{
  a = sleeper "a" { };
  b.pkg = pkgs.stdenv.mkDerivation {
    name = "failing";
    buildCommand = "for i in $(seq 100); do echo line $i; done; echo no such luck >&2; exit 3";
  };
}`, []string{"MODEL"}, codeFailed, "-failing.drv' failed with exit code 3", "its last lines:\n", "\n  line 100\n  no such luck\n")
	b.complains(t, `{ a = sleeper "a" { path = [ (pkgs.runCommand "failing-too" { } "exit 4") ]; }; }`,
		[]string{"MODEL"}, codeFailed, "-failing-too.drv' failed with exit code 4")
	b.complains(t, `{ a = sleeper "a" { postInstall = "echo no such luck; false"; }; }`,
		[]string{"MODEL"}, codeFailed, "a.drv' failed with exit code 1", "no such luck")
}

// A process that is written in vain for a manager that there is not yet.
func TestManagerThatThereIsNot(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.write("systemd.nix", strings.Replace(read(t, d.model("a.nix", aModel)), "forceDisableUserChange processManager;", `forceDisableUserChange; processManager = "nonsense";`, 1))
	d.complains(t, func() outcome { return d.switchTo(model) }, codeModel, "process 'a': Unknown process manager: nonsense", "at "+model+":")
}

// Who meets another command at work is told which, and exits with 3.
func TestBusy(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	slow := d.model("slow.nix", `{ a = daemon "a" "`+onceToldTo+`exit 1" [ ]; }`)
	first := make(chan outcome, 1)
	go func() { first <- d.switchTo(slow) }()
	lock := d.path("profiles", ".processes.nixproc", "lock")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if data, err := os.ReadFile(lock); err == nil && len(data) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the first switch took no lock: %+v", <-first)
		}
	}
	second := d.switchTo(d.model("a.nix", aModel))
	d.write("state/run/a.pid.go", "")
	text := complaint(t, second, codeBusy)
	for _, want := range []string{"another command holds the lock", "slow.nix", "use --wait"} {
		if !strings.Contains(text, want) {
			t.Errorf("the message does not say %q:\n%s", want, text)
		}
	}
	if r := <-first; r.code != codeFailed {
		t.Errorf("the first switch: exit code %d\n%s", r.code, r.stderr)
	}
	if found := listingOf(t, d.path("profiles")); len(found) > 0 {
		t.Errorf("the first switch, which failed, left %v", found)
	}
}
