package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	answered "nixproc/lib/network"
)

// dysnomiaCase is what Dysnomia's own module for a process manager has to know of a
// machine, or ours: the properties of the container, beyond the directories. Dysnomia
// can't cope with blanks, so the deployment is at a place without any.
type dysnomiaCase struct {
	theirs, ours func(i *instance, place string) []string
	// noAccounts is set where the module makes no users.
	noAccounts bool
	// only is the module that there is, "" for both.
	only string
	// covered is set where other tests have the modules at work, and coveredOurs
	// where they have ours: they are tried with NIXPROC_TEST_SERVICES=all (make
	// services).
	covered, coveredOurs bool
}

// dysnomiaCases are by the names of managerCases.
var dysnomiaCases = map[string]dysnomiaCase{
	"bsdrc": {coveredOurs: true, ours: func(i *instance, _ string) []string {
		i.must("mkdir", i.path("conf dir")) // of rc.conf
		return []string{"enableAtBoot=1"}
	}},
	"cygrunsrv": {coveredOurs: true, noAccounts: true},
	"docker":    {covered: true, noAccounts: true}, // it takes half a minute
	"launchd": {coveredOurs: true, theirs: func(i *instance, place string) []string {
		i.must("mkdir", "-p", place+"/daemons")
		return []string{"launchdTargetDir=" + place + "/daemons"}
	}},
	"sysvinit": {covered: true, theirs: inRunlevel3, ours: inRunlevel3},
	"supervisord": {coveredOurs: true, theirs: func(i *instance, place string) []string {
		// supervisorctl looks there for the configuration that nobody names.
		if r := i.inside("cp", i.path("conf dir/supervisord.conf"), "/etc/supervisord.conf"); r.code != 0 {
			i.t.Fatal(r)
		}
		i.must("ln", "-s", "conf dir/conf.d", place+"/programs")
		return []string{"supervisordTargetDir=" + place + "/programs/."} // or the link would be replaced
	}},
	"systemd": {covered: true, theirs: func(*instance, string) []string { return []string{"systemdTargetDir=/etc/systemd/system"} }},
	// Dysnomia's has the system's systemd read units, too, which there is not here.
	"systemd --user": {ours: func(*instance, string) []string { return []string{"systemdUserServices=1"} }, only: "nixproc-process"},
	"s6-rc": {theirs: func(_ *instance, place string) []string {
		return []string{"scanDir=" + place + "/state/run/service", "liveDir=" + place + "/state/run/s6-rc", "serviceDir=" + place + "/sv", "compileDir=" + place + "/databases"}
	}},
	// Dysnomia removes users before their processes have ended.
	"disnix (stand-in)": {covered: true, noAccounts: true, only: "process"},
}

func inRunlevel3(*instance, string) []string { return []string{"runlevel=3"} }

// A package has what Dysnomia's module for its process manager reads: by the module,
// a process is started and stopped, as a user that the package brings. The same goes
// for our module, under every process manager; and what is beside it is left alone.
func TestDysnomiaModules(t *testing.T) {
	t.Parallel()
	all := os.Getenv("NIXPROC_TEST_SERVICES") == "all"
	for number, c := range managerCases {
		of, is := dysnomiaCases[c.name]
		if !is || of.covered && !all {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := c.start(t)
			manager := strings.TrimSuffix(c.command[0], "-switch")
			theirs := i.evaluated("import "+nixPath(checkoutPath(t), "nixproc/derive-dysnomia-process-type.nix")+" { processManager = \""+manager+"\"; }", "--eval", "--json")
			for kind, properties := range map[string]func(*instance, string) []string{strings.Trim(theirs, `"`): of.theirs, "nixproc-process": of.ours} {
				if of.only != "" && kind != of.only || of.coveredOurs && !all && kind == "nixproc-process" {
					continue
				}
				m := dysnomiaModule{instance: i, kind: kind, uid: 42500 + 2*number}
				m.prepare(properties)
				// Dysnomia's for s6-rc removes the users of what it has just started, among
				// them that of all log services; and Linux minds removing users of
				// processes that nobody has buried yet.
				oneUser := c.sameUser || kind == "s6-rc-service" || kind == "launchd-daemon"
				m.startsAndStops(manager, oneUser, of.noAccounts)
			}
		})
	}
}

// dysnomiaModule is a module at work on a machine.
type dysnomiaModule struct {
	*instance
	kind        string
	program     string
	environment []string
	state       string // the state directory
	uid         int    // of the first user: removing it looks at the processes of the whole host
}

func (m *dysnomiaModule) prepare(properties func(*instance, string) []string) {
	m.t.Helper()
	for _, program := range []string{"bash", "flock"} {
		if _, err := exec.LookPath(program); err != nil {
			m.t.Skip(err)
		}
	}
	binary, err := builtBinary()
	if err != nil {
		m.t.Fatal(err)
	}
	module := strings.Replace(read(m.t, "../tools/dysnomia-module/nixproc-process"), "\nnixproc=nixproc\n", "\nnixproc="+shellWord(binary)+"\n", 1)
	if err := os.Chmod(m.write("modules/nixproc-process", module), 0o755); err != nil {
		m.t.Fatal(err)
	}
	own, err := ownDir("npd")
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { os.RemoveAll(own) })
	place := own + "/place"
	if r := m.inside("sh", "-ec", `mkdir -p "$1"; chmod 755 "$1"; ln -s "$2" "$1/place"; "$3" init-state --state-dir "$2/state"`, "sh", own, m.dir, binary); r.code != 0 {
		m.t.Fatal(r)
	}
	// Whoever deploys packages needs no Nixpkgs.
	m.environment = []string{"env", "-u", "NIX_PATH", "DYSNOMIA_MODULES_PATH=" + place + "/modules", "DYSNOMIA_STATEDIR=" + own}
	m.state = place + "/state"
	if m.kind == "nixproc-process" {
		m.state = m.path("state")
		m.environment = append(m.environment, "stateDir="+m.state)
	}
	if properties != nil {
		m.environment = append(m.environment, properties(m.instance, place)...)
	}
	m.program = filepath.Join(standIn(m.t), "dysnomia")
	if real, err := exec.LookPath("dysnomia"); err == nil {
		_, err := os.Stat(filepath.Join(filepath.Dir(real), "../libexec/dysnomia", m.kind))
		if (err == nil || m.kind == "nixproc-process") && m.inside("test", "-x", real).code == 0 {
			m.program = real
		}
	}
	m.t.Log(m.kind, "by", m.program)
}

// does has the module do something with a package.
func (m *dysnomiaModule) does(operation, pkg string, more ...string) outcome {
	m.t.Helper()
	return m.inside(slices.Concat(m.environment, more, []string{m.program, "--type", m.kind, "--operation", operation, "--component", pkg, "--container", m.kind, "--environment"})...)
}

// must is does for what has to succeed.
func (m *dysnomiaModule) must(operation, pkg string, more ...string) outcome {
	m.t.Helper()
	r := m.does(operation, pkg, more...)
	if r.code != 0 {
		m.t.Fatalf("%s by %s: exit code %d\n%s%s", operation, m.kind, r.code, r.stdout, r.stderr)
	}
	return r
}

// answers checks what our module says of packages when it is asked. An rc script by
// itself, without what a model says of it, tells nothing of its pid file.
func (m *dysnomiaModule) answers(manager string, packages []string, want ...string) {
	m.t.Helper()
	if m.kind != "nixproc-process" || manager == "bsdrc" {
		return
	}
	got, _, err := answered.ReadAnswers(m.must("snapshot", packages[0], "nixprocStatusOf="+strings.Join(packages, " ")).stdout, len(want))
	for i, answer := range got {
		if answer.Condition != want[i] || (answer.Package == "") != (want[i] == "stopped") || err != nil {
			m.t.Errorf("what runs of %q: %+v, %v, want %q", packages, got, err, want)
		}
	}
}

// owned checks that what one network has is known to be its own, and that another one
// neither replaces nor stops it.
func (m *dysnomiaModule) owned(packages []string) {
	m.t.Helper()
	if m.kind != "nixproc-process" {
		return
	}
	_, machine, err := answered.ReadAnswers(m.must("snapshot", packages[0], "nixprocStatusOf=", "nixprocNetwork=other").stdout, 0)
	var held, want []string
	for i, pkg := range packages {
		_, name, _ := strings.Cut(filepath.Base(pkg), "-")
		want = append(want, name+" of "+[]string{"", "this network of ours"}[i])
	}
	for _, one := range machine.Held {
		held = append(held, one.Name+" of "+one.Network)
	}
	if !slices.Equal(held, want) || machine.Held[1].Service != packages[1] || machine.Self == "" || err != nil {
		m.t.Errorf("the machine says %+v, %v, want %q", machine, err, want)
	}
	if r := m.does("activate", packages[1], "nixprocNetwork=other"); r.code == 0 || !strings.Contains(r.stderr, " on this machine is of another network, network of ours\n") {
		m.t.Errorf("what another network has is started: %v", r)
	}
	m.must("deactivate", packages[1], "nixprocNetwork=other")
}

// evaluated gives what Nix makes of an expression.
func (i *instance) evaluated(expression string, options ...string) string {
	i.t.Helper()
	binary, err := storedBinary()
	if err != nil {
		i.t.Fatal(err)
	}
	program := "nix-build"
	if slices.Contains(options, "--eval") {
		program = "nix-instantiate"
	}
	out, err := i.store.nix([]string{"NIXPROC_BUILDER=" + binary}, program, append(options, "-E", expression)...)
	if err != nil {
		i.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// sleeping gives the processes that sleep for a time.
func sleeping(t *testing.T, long string) []int {
	t.Helper()
	var found []int
	for _, line := range mentions(t, long) {
		words := strings.Fields(line)
		pid, _ := strconv.Atoi(strings.Split(words[0], "/")[2])
		if filepath.Base(words[1]) == "sleep" && alive(pid) {
			found = append(found, pid)
		}
	}
	return found
}

func (m *dysnomiaModule) startsAndStops(manager string, oneUser, noAccounts bool) {
	t := m.t
	long := map[string]string{}
	text := ""
	for n, name := range []string{"one", "two"} {
		long[name] = fmt.Sprintf("%d.%d", 1000+n, time.Now().UnixNano())
		account := ""
		if !oneUser && !noAccounts {
			account = fmt.Sprintf("user = %q; credentials = { groups.%[1]s = { }; users.%[1]s = { group = %[1]q; uid = %d; }; };", "np"+name, m.uid+n)
		}
		text += fmt.Sprintf("%s = sleeper %[1]q { args = [ %q ]; %s };\n", name, long[name], account)
	}
	model := m.model("model.nix", "{"+text+"}")
	packages := strings.Fields(m.evaluated(fmt.Sprintf("let made = import (/. + %s) { stateDir = %s; processManager = %q; forceDisableUserChange = %v; }; in [ made.one.pkg made.two.pkg ]",
		nixString(model), nixString(m.state), manager, oneUser), "--no-out-link"))
	pids := map[string]int{}
	for n, name := range []string{"one", "two"} {
		m.must("activate", packages[n], []string{"nixprocNetwork=", "nixprocNetwork=this network of ours"}[n])
		eventually(t, name+" sleeps", func() bool { return len(sleeping(t, long[name])) == 1 })
		pids[name] = sleeping(t, long[name])[0]
		if !oneUser && !noAccounts {
			if got := status(t, pids[name], "Uid"); !slices.Contains(got, strconv.Itoa(m.uid+n)) {
				t.Errorf("%s is a process of %q, want %d", name, got, m.uid+n)
			}
		}
	}
	m.owned(packages)
	m.answers(manager, packages, "running", "running")
	m.must("deactivate", packages[0])
	m.answers(manager, packages, "stopped", "running")
	gone(t, pids["one"])
	if got := sleeping(t, long["two"]); !slices.Equal(got, []int{pids["two"]}) {
		t.Errorf("two was process %d, and is %v", pids["two"], got)
	}
	m.must("deactivate", packages[1])
	gone(t, pids["two"])
	if r := m.inside("grep", "^np\\(one\\|two\\):", "/etc/passwd", "/etc/group"); r.stdout != "" {
		t.Errorf("accounts are left:\n%s", r.stdout)
	}
}
