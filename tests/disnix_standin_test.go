package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// built is the store path of a model's manifest.
func (p *disnixPlace) built(name, body string) string {
	p.t.Helper()
	r := p.nixproc("build", "-P", "disnix", "--no-out-link", "--state-dir", p.path("state"), "--force-disable-user-change", "--host-packages", p.model(name, body))
	if r.code != 0 {
		p.t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

// deploy runs disnix-deploy itself.
func (p *disnixPlace) deploy(args ...string) outcome {
	p.t.Helper()
	return p.program(p.deployProgram(), append([]string{"--coordinator-profile-path", p.path("profiles/disnix-coordinator")}, args...)...)
}

// says checks the exit code, and that the outputs have these lines in this order.
func says(t *testing.T, what string, r outcome, code int, stdout, stderr []string) {
	t.Helper()
	if r.code != code {
		t.Errorf("%s: exit code %d, want %d\n%s%s", what, r.code, code, r.stdout, r.stderr)
	}
	for _, output := range []struct {
		text string
		want []string
	}{{r.stdout, stdout}, {r.stderr, stderr}} {
		rest := output.text
		for _, want := range output.want {
			_, after, found := strings.Cut(rest, want)
			if !found {
				t.Errorf("%s: %q is not there, or not in this place:\n%s", what, want, output.text)
			}
			rest = after
		}
	}
}

var (
	serviceKey = regexp.MustCompile(`<service name="([0-9a-f]{64})">\s*<name>(\w+)</name>\s*<pkg>([^<]+)</pkg>`)
	profileIn  = regexp.MustCompile(`<profile name="localhost">([^<]+)</profile>`)
)

// What Disnix 0.10.3 was seen to print and to do, so that the stand-in can't do
// otherwise; where Disnix is installed, it is held against the same.
func TestDisnixStandIn(t *testing.T) {
	t.Parallel()
	eachDisnix(t, func(t *testing.T, p *disnixPlace) {
		p.hostNeeds("daemon")
		both := p.built("both.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`)
		one := p.built("one.nix", `rec { a = sleeper "a" { }; }`)
		keys, packages := map[string]string{}, map[string]string{}
		for _, match := range serviceKey.FindAllStringSubmatch(read(t, both), -1) {
			keys[match[2]], packages[match[2]] = match[1], match[3]
		}
		profile := profileIn.FindStringSubmatch(read(t, both))[1]
		step := func(verb, name string) string {
			return "[target: localhost]: " + verb + " service with key: " + keys[name] + " and package: " + packages[name] + " with module: process in container: process, arguments: \n"
		}

		if r := p.nixproc("init-state", "--state-dir", p.path("state"), "--force-disable-user-change"); r.code != 0 {
			t.Fatal(r.stderr)
		}
		if err := os.MkdirAll(p.path("profiles/disnix-coordinator"), 0o755); err != nil {
			t.Fatal(err)
		}
		says(t, "an unknown option", p.deploy("--nope", both), 1, nil, []string{"disnix-deploy: ", "--nope"})
		unreadable := []string{"Error with parsing the manifest XML file!\n", "[coordinator]: Error opening manifest file!\n"}
		says(t, "no such file", p.deploy("/nonexistent"), 1, nil, unreadable)
		says(t, "a broken file", p.deploy(p.write("broken.xml", "<manifest")), 1, nil, unreadable)

		says(t, "the first deployment", p.deploy(both), 0, []string{
			"[coordinator]: Distributing intra-dependency closures...\n", "[coordinator]: Acquiring locks...\n", "[coordinator]: Activating new configuration...\n",
			"[coordinator]: Executing deactivation of services:\n", "[coordinator]: Executing activation of services:\n",
			step("Activating", "a"), step("Activating", "b"), "[coordinator]: Setting profiles...\n",
		}, []string{"[coordinator]: The new configuration has been successfully activated!\n"})
		first := p.runsExactly("a", "b")
		link, err := os.Readlink(p.coordinator("default"))
		if target, _ := filepath.EvalSymlinks(p.coordinator("default")); link != "default-1-link" || target != both {
			t.Errorf("the coordinator's profile is at %s, %s, %v", link, target, err)
		}
		if target := p.targetProfile(); target != profile {
			t.Errorf("the target's profile is at %s, want %s", target, profile)
		}

		says(t, "the same again", p.deploy(both), 0, nil, []string{"[coordinator]: Using previous manifest: " + p.coordinator("default") + "\n", "NOTE: Deleting state has been disabled!"})
		kept(t, first, p.runsExactly("a", "b"), "a", "b")
		if entries, _ := filepath.Glob(p.coordinator("default-*-link")); len(entries) != 1 {
			t.Errorf("the generations are %q", entries)
		}

		lock := p.write("tmp dir/disnix-default.lock", "")
		says(t, "a lock that is held", p.deploy(one), 1, nil, []string{
			"Cannot exclusively open the lock file!\n", "[target: localhost]: Cannot lock profile: ", "The deployment failed! Please inspect the output to diagnose any problems!\n",
		})
		kept(t, first, p.runsExactly("a", "b"), "a", "b")
		if err := os.Remove(lock); err != nil {
			t.Fatal(err)
		}

		says(t, "one less", p.deploy("-o", both, one), 0, []string{step("Deactivating", "b")}, []string{"[coordinator]: Using previous manifest: " + both + "\n"})
		eventually(t, "the end of b", func() bool { return len(p.observe("b")) == 0 })
		kept(t, first, p.runsExactly("a"), "a")
		says(t, "both, by a manifest that lacks what runs", p.deploy("-o", one, both), 0, []string{step("Activating", "b")}, nil)

		dysnomia := func(kind, operation string) outcome {
			return p.program(p.dysnomiaProgram(), "--type", kind, "--operation", operation, "--component", packages["b"], "--container", "process", "--environment")
		}
		file := p.path("state/run/b.pid")
		says(t, "to activate what runs", dysnomia("process", "activate"), 0, nil, []string{"PID file: " + file + " already exists, assuming that the process has been started"})
		says(t, "an unknown module", dysnomia("nosuch", "activate"), 1, nil, []string{"Module: nosuch cannot be found!\n"})
		says(t, "to lock", dysnomia("process", "lock"), 0, nil, nil)
		says(t, "to deactivate", dysnomia("process", "deactivate"), 0, nil, nil)
		eventually(t, "the end of b", func() bool { return len(p.observe("b")) == 0 })
		eventually(t, "that its pid file is gone", func() bool { _, err := os.Lstat(file); return err != nil })
		says(t, "to deactivate what does not run", dysnomia("process", "deactivate"), 0, nil, []string{file + " does not exists! Assuming that the process was stopped already!"})
		p.write("state/run/b.pid", "4194300\n")
		if r := dysnomia("process", "deactivate"); r.code != 123 && r.code != 1 {
			t.Errorf("to deactivate by a stale pid file: exit code %d\n%s", r.code, r.stderr)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		p.mustSwitchTo("--undeploy")
		p.runsExactly()
	})
}

// targetProfile is the store path of the profile that Disnix made for the target.
func (p *disnixPlace) targetProfile() string {
	p.t.Helper()
	link := p.path("disnix state/disnix/default")
	if p.real {
		link = p.path("hidden profiles/disnix/default")
	}
	generation, err := os.Readlink(link)
	if err != nil {
		p.t.Fatal(err)
	}
	target, err := os.Readlink(filepath.Join(filepath.Dir(link), generation))
	if err != nil {
		p.t.Fatal(err)
	}
	return target
}

// The stand-in is strict about what Disnix's own functions would not have
// written.
func TestDisnixStandInRefuses(t *testing.T) {
	t.Parallel()
	p := newDisnix(t, newDeployment(t))
	p.hostNeeds("daemon")
	good := read(t, p.built("model.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`))
	for what, change := range map[string][2]string{
		"another version":        {`<manifest version="2">`, `<manifest version="1">`},
		"an element more":        {"<connectsTo/>", "<connectsTo/><more/>"},
		"an element less":        {"<snapshotMappings/>", ""},
		"the order of a mapping": {"<container>process</container>", ""},
		"a package that differs": {"-a</pkg>", "-b</pkg>"},
		"another target":         {"<target>localhost</target>", "<target>elsewhere</target>"},
		"a profile that differs": {"-localhost</profile>", "-other</profile>"},
		"another type":           {"<type>process</type>", "<type>echo</type>"},
		"no name of the program": {"<clientInterface>disnix-run-activity</clientInterface>", "<clientInterface/>"},
		"a key that differs":     {`<service name="`, `<service name="0`},
	} {
		if !strings.Contains(good, change[0]) {
			t.Errorf("%s: the manifest lacks %q:\n%s", what, change[0], good)
		}
		file := p.write("bad.xml", strings.Replace(good, change[0], change[1], 1))
		says(t, what, p.deploy(file), 1, nil, []string{"Error with parsing the manifest XML file!\n"})
	}
	p.runsExactly()
	if _, err := exec.Command(p.dysnomiaProgram(), "--version").Output(); err == nil {
		t.Error("the stand-in for dysnomia takes any option")
	}
	if left, _ := filepath.Glob(p.path("tmp dir/*.lock")); len(left) > 0 {
		t.Errorf("locks are left: %q", left)
	}
}
