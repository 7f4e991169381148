package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shown is one of the original's faults, or a part of one, that shows on this
// machine: a situation that is brought about with the original's tools or Nix
// code, and with ours, and what is to be seen then.
type shown struct {
	fault, part    string
	try            func(s *side) string
	original, ours string
}

// allShown are the faults by subject. What can't be shown here is skipped, and
// says why.
func allShown() []shown {
	return slices.Concat(shownOnCommandLines, shownByDirectories, shownByGenerations, shownByEvaluation, shownByFiles,
		shownByFailures, shownByInitScripts, shownBySupervisord, shownBySystemd, shownByManagers, shownByAccounts,
		shownByS6rc)
}

// Where a checkout of the old framework is given, each of its faults shows with
// the original, and does not with ours, in the same situation.
func TestOriginal(t *testing.T) {
	t.Parallel()
	oldCheckout(t)
	for _, c := range allShown() {
		t.Run(strings.TrimSpace(c.fault+" "+c.part), func(t *testing.T) {
			t.Parallel()
			for _, original := range []bool{true, false} {
				t.Run(map[bool]string{true: "original", false: "ours"}[original], func(t *testing.T) {
					want := c.ours
					if original {
						want = c.original
					}
					if got := c.try(newSide(t, original)); got != want {
						t.Errorf("it is seen that\n%s\nwant\n%s", got, want)
					}
				})
			}
		})
	}
}

// Every fault is among those that are shown, or that say why they are not.
func TestOriginalIsComplete(t *testing.T) {
	t.Parallel()
	for number := 1; number <= faults; number++ {
		fault := fmt.Sprintf("D%d", number)
		if !slices.ContainsFunc(allShown(), func(c shown) bool { return c.fault == fault }) {
			t.Errorf("nothing shows %s", fault)
		}
	}
}

// side is one of the two that are compared, with a deployment of its own.
type side struct {
	*deployment
	original bool
	old      *oldTools
	enter    []string // brings a command to where it is to run
}

func newSide(t *testing.T, original bool) *side {
	t.Helper()
	s := &side{original: original}
	return s.use(newDeployment(t), nil)
}

// use takes another deployment, a machine's say.
func (s *side) use(d *deployment, enter []string) *side {
	d.t.Helper()
	s.deployment, s.enter = d, enter
	if s.original {
		s.old = newOldTools(d)
	}
	d.t.Cleanup(s.endAll)
	return s
}

// endAll ends what is left of processes that mention the state directory, or
// that such a one has started: the original loses sight of some.
func (s *side) endAll() {
	for _, line := range mentions(s.t, s.path("state")) {
		pid, err := strconv.Atoi(strings.Split(line, "/")[2])
		if err != nil {
			continue
		}
		for _, below := range append(children(s.t, pid), pid) {
			syscall.Kill(below, syscall.SIGKILL)
		}
	}
}

// machine takes the side to a machine with accounts of its own.
func (s *side) machine() *machine {
	s.t.Helper()
	m := newMachine(s.t)
	s.use(m.deployment, m.enters())
	return m
}

// tree is where the Nix code lies that expressions are to import.
func (s *side) tree() string {
	if s.original {
		return s.old.tree
	}
	return checkoutPath(s.t)
}

// model is deployment.model with the Nix code of the side.
func (s *side) model(name, body string) string {
	s.t.Helper()
	return s.modelOf(s.tree(), name, body)
}

// run runs a command by its name without the prefix.
func (s *side) run(name string, args ...string) outcome {
	s.t.Helper()
	if s.original {
		return s.old.run(s.deployment, s.enter, "nixproc-"+name, args...)
	}
	return s.nixproc(append([]string{name}, args...)...)
}

// usual are the options of a deployment without privileges.
func (s *side) usual() []string {
	return []string{"--state-dir", s.path("state"), "--force-disable-user-change"}
}

// switchTo switches with sysvinit.
func (s *side) switchTo(args ...string) outcome {
	s.t.Helper()
	r := s.run("sysvinit-switch", slices.Concat(s.usual(), []string{"--runlevel", "3"}, args)...)
	if s.original {
		time.Sleep(time.Second) // it does not wait for what it starts
	}
	return r
}

// mustSwitchTo is switchTo for what has to succeed.
func (s *side) mustSwitchTo(args ...string) {
	s.t.Helper()
	s.must(s.switchTo(args...))
}

func (s *side) must(r outcome) outcome {
	s.t.Helper()
	if r.code != 0 {
		s.t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	return r
}

// sleeping switches to a model of processes that sleep, by their names.
func (s *side) sleeping(names string, more ...string) {
	s.t.Helper()
	body := "{"
	for _, name := range strings.Fields(names) {
		body += fmt.Sprintf(" %s = sleeper %[1]q { };", name)
	}
	s.mustSwitchTo(append(more, s.model("model.nix", body+" }"))...)
}

// runs tells which processes run.
func (s *side) runs() string {
	s.t.Helper()
	return seen(s.observe())
}

func seen(o observation) string { return "runs: " + strings.Join(o.running(), " ") }

// exits tells whether a command says that it succeeded.
func exits(r outcome) string {
	if r.code == 0 {
		return "succeeds, "
	}
	return "fails, "
}

// withNix is the outcome of a program of Nix.
func (s *side) withNix(program string, args ...string) outcome {
	s.t.Helper()
	binary, err := storedBinary()
	if err != nil {
		s.t.Fatal(err)
	}
	return s.program("env", append([]string{"NIXPROC_BUILDER=" + binary, program}, args...)...)
}

// create is the beginning of a Nix expression in which create is
// createManagedProcess of the side, for a process manager. No state is made.
func (s *side) create(manager string) string {
	return fmt.Sprintf(`let
	host = import <nixpkgs> { };
	pkgs = host // { dockerTools = { shadowSetup = ""; buildImage = image: host.writeTextFile { inherit (image) name; text = ""; }; }; };
	create = import (/. + %s) {
		inherit pkgs; stateDir = "/x"; runtimeDir = "/x/run"; logDir = "/x/log"; tmpDir = "/x/tmp";
		forceDisableUserChange = true; processManager = %s;
	};
in `, nixString(filepath.Join(s.tree(), "nixproc/create-managed-process/universal/create-managed-process-universal.nix")), manager)
}

// built gives the text of a file in a package that has to be built.
func (s *side) built(expr, file string) string {
	s.t.Helper()
	r := s.must(s.withNix("nix-build", "--no-out-link", "-E", expr))
	return read(s.t, strings.TrimSpace(r.stdout), file)
}

// said gives what a pattern's group matches in a command's words.
func said(r outcome, pattern string) string {
	match := regexp.MustCompile(pattern).FindStringSubmatch(r.stdout + r.stderr)
	if match == nil {
		return ""
	}
	return match[1]
}

// link makes a link in the deployment's directory.
func (s *side) link(target, name string) {
	s.t.Helper()
	if err := os.Symlink(target, s.path(name)); err != nil {
		s.t.Fatal(err)
	}
}

// packages adds packages, as text of Nix, to those of the host.
func (s *side) packages(more string) {
	s.t.Helper()
	s.write("pkgs/default.nix", fmt.Sprintf("args: let pkgs = import (/. + %s) args; in pkgs // { %s }\n", nixString(absolutePath(s.t, "../nixproc/hostpkgs")), more))
	s.env = append(s.env, "NIX_PATH=nixpkgs="+s.path("pkgs"))
}

// first puts a directory in front of PATH.
func (s *side) first(dir string) {
	s.t.Helper()
	for i, variable := range s.env {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok && !s.original {
			s.env[i] = "PATH=" + dir + ":" + path
		}
	}
	if s.original {
		s.old.path = dir + ":" + s.old.path
	}
}

// logged has a program of the machine write down its calls from now on.
func (s *side) logged(program string) {
	s.t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		s.t.Fatal(err)
	}
	s.script(program, fmt.Sprintf("echo \"$*\" >>%q\nexec %s \"$@\"\n", s.path("calls"), path))
}

// script stands for a program.
func (s *side) script(program, text string) {
	s.t.Helper()
	if err := os.Chmod(s.write("bin/"+program, "#!/bin/sh\n"+text), 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.first(s.path("bin"))
}

// mode of a file, as chmod(1) takes it.
func (s *side) mode(elements ...string) string {
	s.t.Helper()
	info, err := os.Stat(s.path(elements...))
	if err != nil {
		s.t.Fatal(err)
	}
	mode := fmt.Sprintf("%o", info.Mode().Perm())
	if info.Mode()&os.ModeSticky != 0 {
		mode = "1" + mode
	}
	return mode
}
