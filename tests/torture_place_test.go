package tests

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// torturePlace is a manager under which one switch is done again and again: it
// removes a process, changes one, adds one that depends on that, and keeps one.
type torturePlace struct {
	*deployment
	manager string
	// run runs the command, where the manager is.
	run     func(args ...string) outcome
	options []string // of a switch
	// holds tells in words what the manager has for processes, beside what runs.
	holds    func() string
	one, two string // the profiles
	states   map[string]tortureState
	marks    map[string]string
	kept     string // the process that all of it leaves alone
	accounts int    // the first number of users, of which each process has one of its own; 0 for none
	// cleanUp removes by hand what a switch has warned that it leaves; nil where
	// there is no such thing.
	cleanUp func(said outcome)
}

// tortureState is what there is when all is as a profile says.
type tortureState struct {
	runs  []string // keys of marks
	holds string
}

// torturePlaces are the managers that it is done under.
var torturePlaces = map[string]func(t *testing.T) *torturePlace{
	"sysvinit": func(t *testing.T) *torturePlace {
		d := newDeployment(t)
		d.hostNeeds("daemon")
		return &torturePlace{deployment: d, run: d.nixproc, options: []string{"--runlevel=3", "--force-disable-user-change"},
			holds: func() string { return strings.Join(d.observe().running(), " ") }}
	},
	"sysvinit-accounts": func(t *testing.T) *torturePlace { return accountsTorture(newMachine(t)) },
	"s6-rc": func(t *testing.T) *torturePlace {
		p := newS6rc(t)
		p.run()
		return &torturePlace{deployment: p.deployment, run: p.nixproc, options: []string{"--force-disable-user-change"},
			holds: func() string {
				// A database that was compiled in vain stays until the next one is live.
				files := slices.DeleteFunc(filesIn(t, filepath.Join(p.state, "etc/s6/rc")), func(name string) bool { return strings.HasPrefix(name, "compiled-") })
				return fmt.Sprint(p.up(), files, p.database())
			}}
	},
	"supervisord": func(t *testing.T) *torturePlace {
		p := newSupervisord(t)
		p.deployment.t = t
		p.run()
		return &torturePlace{deployment: p.deployment, run: p.nixproc, options: []string{"--force-disable-user-change"},
			holds: func() string {
				return fmt.Sprint(strings.Join(supervisordStates.FindAllString(p.ctl("status").stdout, -1), " "), filesIn(t, filepath.Join(p.conf, "conf.d")))
			}}
	},
	"systemd": func(t *testing.T) *torturePlace { return systemdTorture(newSystemdMachine(t, false)) },
	"docker": func(t *testing.T) *torturePlace {
		p := newDocker(t)
		return &torturePlace{deployment: p.deployment, run: p.nixproc, options: []string{"--force-disable-user-change"},
			holds: func() string {
				return fmt.Sprint(p.list("ps", "-a", "--format", "{{.Names}}"), p.list("images", "--format", "{{.Repository}}:{{.Tag}}"))
			}}
	},
}

func systemdTorture(m *systemdMachine) *torturePlace {
	return &torturePlace{deployment: m.deployment, run: func(args ...string) outcome { return m.inside(append([]string{m.binary}, args...)...) },
		holds: func() string { return fmt.Sprint(m.snapshot()) }}
}

// accountsTorture has users and groups that come and go with the processes.
func accountsTorture(m *machine) *torturePlace {
	m.hostNeeds("daemon")
	p := &torturePlace{deployment: m.deployment, manager: "sysvinit", options: []string{"--runlevel=3"},
		run: func(args ...string) outcome {
			return m.program("sh", slices.Concat([]string{"-c", m.enter() + ` "$@"`, "sh", m.deployment.binary}, args)...)
		}}
	// A number is in use on the whole machine, whoever else tests this.
	p.accounts = 45000 + 5*rand.IntN(3000)
	p.holds = func() string {
		all := []string{strings.Join(m.deployment.observe().running(), " ")}
		for _, file := range accountFiles[:4] {
			for name := range strings.FieldsSeq("kept removed changed added") {
				all = append(all, file+": "+m.account(file, "np"+name))
			}
		}
		return strings.Join(all, "\n")
	}
	p.cleanUp = func(said outcome) {
		for _, match := range accountsLeft.FindAllStringSubmatch(said.stderr, -1) {
			if m.account(map[string]string{"user": "passwd", "group": "group"}[match[1]], match[2]) != "" {
				m.inside(match[1]+"del", match[2])
			}
		}
	}
	return p
}

var accountsLeft = regexp.MustCompile(`warning: cannot remove the (user|group) (np\S+):`)

// ready deploys the first profile, and sees how all is with either.
func (p *torturePlace) ready(manager string) {
	t := p.t
	t.Helper()
	binary, err := torturedBinary()
	if err != nil {
		t.Fatal(err)
	}
	p.manager, p.binary = cmp.Or(p.manager, manager), binary
	p.env = append(p.env, "HOME="+p.path("home"))
	unique := time.Now().UnixNano() % 1e12
	p.marks = map[string]string{}
	for i, key := range []string{"kept", "removed", "changed", "changed again", "added"} {
		p.marks[key] = fmt.Sprintf("100000.%012d%d", unique, i)
	}
	sleeps := func(name, key, more string) string {
		args := fmt.Sprintf("args = [ %q ]; %s", p.marks[key], more)
		if p.manager == "docker" { // sleep, as the first process, heeds no signal
			args += ` foregroundProcess = script "sleeps" "trap 'exit 0' TERM; sleep 100000 & wait";`
		}
		if p.accounts != 0 {
			number := p.accounts + slices.Index([]string{"kept", "removed", "changed", "added"}, name)
			args += fmt.Sprintf(" user = %[1]q; credentials = { groups.%[1]s.gid = %[2]d; users.%[1]s = { group = %[1]q; uid = %[2]d; }; };", "np"+name, number)
		}
		ready := ""
		if name == "changed" {
			ready = ` // { readiness.command = [ "${pkgs.coreutils}/bin/true" ]; }`
		}
		return fmt.Sprintf("%s = sleeper %q { %s }%s;\n", name, name, args, ready)
	}
	p.one = p.built("one.nix", sleeps("kept", "kept", "")+sleeps("removed", "removed", "")+sleeps("changed", "changed", ""))
	p.two = p.built("two.nix", sleeps("kept", "kept", "")+sleeps("changed", "changed again", "")+sleeps("added", "added", "dependencies = [ changed.pkg ];"))
	p.states = map[string]tortureState{
		p.one: {runs: []string{"kept", "removed", "changed"}},
		p.two: {runs: []string{"kept", "changed again", "added"}},
	}
	for _, profile := range []string{p.two, p.one} {
		if r := p.deploy(profile, ""); r.code != 0 {
			t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		state := p.states[profile]
		state.holds = p.holds()
		p.states[profile] = state
		if profile == p.two {
			p.mustRun(p.manager+"-switch", "--undeploy")
			p.mustRun(p.manager+"-switch", "--delete-all-generations")
		}
	}
	p.kept = p.process("kept")
	if problems := p.problems(p.one); len(problems) > 0 {
		t.Fatalf("before anything was done:\n%s", strings.Join(problems, "\n"))
	}
}

// built builds a model, and gives the profile.
func (p *torturePlace) built(name, body string) string {
	p.t.Helper()
	options := []string{"build", "-P", p.manager, "--no-out-link", "--host-packages", "--state-dir", p.path("state")}
	if p.accounts == 0 {
		options = append(options, "--force-disable-user-change")
	}
	r := p.mustRun(append(options, p.model(name, "rec {\n"+body+"}"))...)
	return strings.TrimSpace(r.stdout)
}

func (p *torturePlace) mustRun(args ...string) outcome {
	p.t.Helper()
	if strings.HasSuffix(args[0], "-switch") {
		args = slices.Concat(args, []string{"--state-dir", p.path("state")}, p.options)
	}
	r := p.run(args...)
	if r.code != 0 {
		p.t.Fatalf("%q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// deploy switches to a profile, with a sabotage, as lib/seam has it, and more
// options.
func (p *torturePlace) deploy(profile, sabotage string, more ...string) outcome {
	p.t.Helper()
	before := p.env
	defer func() { p.env = before }()
	p.env = append(slices.Clone(p.env), "NIXPROC_TORTURE="+sabotage, "NIXPROC_TORTURE_LOG="+p.path("points"))
	if err := os.RemoveAll(p.path("points")); err != nil {
		p.t.Fatal(err)
	}
	return p.run(slices.Concat([]string{p.manager + "-deploy", "--jobs=1", "--state-dir", p.path("state")}, p.options, more, []string{profile})...)
}

// points are those that the last deploy came by, in order.
func (p *torturePlace) points() []string {
	p.t.Helper()
	return strings.Split(strings.TrimSpace(read(p.t, p.path("points"))), "\n")
}

// reset makes all be as it was before the switch, its generation too.
func (p *torturePlace) reset() {
	p.t.Helper()
	if to, err := os.Readlink(p.path("profiles", "processes")); err != nil || to != "processes-1-link" {
		p.mustRun(p.manager+"-switch", "--switch-generation=1")
	}
	p.mustRun(p.manager+"-switch", "--delete-generations=old")
}

// process gives the process that has a mark: which it is, or in words what is
// wrong. It asks the kernel and nobody else.
func (p *torturePlace) process(key string) string {
	p.t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		p.t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		line, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		words := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		if _, notNumber := strconv.Atoi(entry.Name()); err != nil || notNumber != nil || words[len(words)-1] != p.marks[key] || filepath.Base(words[0]) == "daemon" {
			continue
		}
		if stat, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat")); err == nil {
			fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
			found = append(found, entry.Name()+" since "+fields[19])
		}
	}
	return strings.Join(found, " and ")
}

// problems tells in what all is not as a profile says, nor the generations: the
// first one, and these.
func (p *torturePlace) problems(profile string, generations ...int) []string {
	p.t.Helper()
	var found []string
	state := p.states[profile]
	for key := range p.marks {
		process, wanted := p.process(key), slices.Contains(state.runs, key)
		switch {
		case strings.Contains(process, " and "):
			found = append(found, fmt.Sprintf("%s runs twice: %s", key, process))
		case wanted && process == "":
			found = append(found, key+" does not run")
		case !wanted && process != "":
			found = append(found, fmt.Sprintf("%s runs: %s", key, process))
		}
	}
	if process := p.process("kept"); p.kept != "" && process != p.kept {
		found = append(found, fmt.Sprintf("kept was process %s and is %s", p.kept, process))
	}
	if holds := p.holds(); holds != state.holds {
		found = append(found, fmt.Sprintf("%s has\n%s, and not\n%s", p.manager, holds, state.holds))
	}
	if at, err := filepath.EvalSymlinks(p.path("profiles", "processes")); err != nil || at != profile {
		found = append(found, fmt.Sprintf("the profile is at %s (%v), and not at %s", at, err, profile))
	}
	links := []string{"processes", "processes-1-link"}
	for _, number := range generations {
		links = append(links, fmt.Sprintf("processes-%d-link", number))
	}
	if got := filesIn(p.t, p.path("profiles")); !slices.Equal(got, append([]string{".processes.nixproc"}, links...)) {
		found = append(found, fmt.Sprintf("the profile's directory has %q", got))
	}
	work := []string{"lock"}
	if p.manager == "supervisord" {
		work = append(work, "supervisord-seen.json")
	}
	if got := filesIn(p.t, p.path("profiles", ".processes.nixproc")); !slices.Equal(got, work) {
		found = append(found, fmt.Sprintf("the profile's work directory has %q", got))
	}
	return found
}

// filesIn lists a directory.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
