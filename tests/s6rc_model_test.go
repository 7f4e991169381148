package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What overrides see and may do (COMPAT.md, 3): functions and sets delete,
// replace and append, for a longrun and for a oneshot.
func TestS6rcOverrides(t *testing.T) {
	t.Parallel()
	out := evalWith(t, false, `let
		parameters = args: ((create "s6-rc") ({ name = "x"; } // args)).nixproc.parameters;
		fore = { process = "/bin/x"; args = [ "a b" ]; nice = 5; umask = "027"; directory = "/d"; user = "u"; initialize = "true"; };
		back = { daemon = "/bin/x"; pidFile = "/x.pid"; };
		run = overrides: (parameters (fore // { overrides.s6-rc = overrides; })).services.x-srv;
		up = overrides: (parameters (back // { overrides.s6-rc = overrides; })).services.x;
		seen = args: (parameters (args // { overrides.s6-rc = given: given // { credentials = throw (toString (builtins.attrNames given)); }; }));
		text = name: text: pkgs.writeTextFile { inherit name text; };
	in {
		seenRun = run (given: given // { downSignal = toString (builtins.attrNames given); });
		seenUp = up (given: builtins.removeAttrs given [ "down" ] // { up = text "up" (toString (builtins.attrNames given)); });
		append = run (given: given // { run = text "run" (given.run.text + "more\n"); });
		setText = run { run = text "run" "other\n"; notificationFd = 7; timeoutKill = "900"; flagEssential = true; };
		setPath = run { run = "/a/path"; finish = ./.; };
		setUp = up { up = "/a/path"; timeoutDown = 5; };
		bare = parameters (fore // { overrides.s6-rc = { autoGenerateLogService = false; consumerFor = [ ((create "s6-rc") { name = "y"; process = "/y"; }) ]; }; });
		names = map (p: p.name) [ ((create "s6-rc") { name = "x"; process = "/x"; }) ((create "s6-rc") { name = "x"; daemon = "/x"; }) ];
	}`)
	var got struct {
		SeenRun, SeenUp, Append, SetText, SetPath, SetUp map[string]struct{ Text, Link string }
		Bare                                             struct {
			Main     string
			Services map[string]map[string]struct{ Text string }
		}
		Names []string
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for what, pair := range map[string][2]string{
		"longrun's arguments": {got.SeenRun["down-signal"].Text, "credentials dependencies name postInstall run\n"},
		"oneshot's arguments": {got.SeenUp["up"].Text, "credentials dependencies down name postInstall up"},
		"a deleted one":       {got.SeenUp["down"].Text, ""},
		"a text":              {got.SetText["run"].Text, "other\n"},
		"a number":            {got.SetText["notification-fd"].Text + got.SetText["timeout-kill"].Text, "7\n900\n"},
		"a path":              {got.SetPath["run"].Link + got.SetPath["run"].Text, "/a/path"},
		"a oneshot's path":    {got.SetUp["up"].Link + got.SetUp["timeout-down"].Text, "/a/path5\n"},
		"without a log":       {got.Bare.Main + " " + got.Bare.Services["x"]["consumer-for"].Text, "x y-srv\n"},
		"names":               {strings.Join(got.Names, " "), "x-srv x"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	if _, has := got.SetText["flag-essential"]; !has {
		t.Error("flag-essential is missing")
	}
	if link := got.SetPath["finish"].Link; !strings.HasPrefix(link, "/") || len(got.Bare.Services) != 1 {
		t.Errorf("finish is %q, services %v", link, got.Bare.Services)
	}
	if text := got.Append["run"].Text; !strings.HasSuffix(text, "\n\"/bin/x\" \"a b\"\nmore\n") || !strings.HasPrefix(text, "#!") {
		t.Errorf("appended: %s", text)
	}
}

// All kinds of services, by the functions themselves and as older checkouts had
// them; packages that know nothing of this framework; what postInstall adds; an
// essential one; a process that says when it is ready.
func TestS6rcPackages(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	p.run()
	model := func(more string) string {
		return p.model("model.nix", `
let
  s6-rc = import (/. + `+nixString(filepath.Join(checkoutPath(t), "nixproc/create-managed-process/s6-rc"))+`) {
    inherit (pkgs) stdenv lib execline;
    createCredentials = throw "nobody asked for accounts";
    inherit logDir forceDisableUserChange;
  };
  text = name: text: pkgs.writeTextFile { inherit name text; };
  sh = command: text "run" "#!/bin/sh\n${command}\n";
  foreign = name: files: pkgs.stdenv.mkDerivation {
    inherit name;
    buildCommand = "mkdir -p $out/etc/s6/sv; cd $out/etc/s6/sv\n" + pkgs.lib.concatMapStrings (file: "mkdir -p $(dirname ${file}); printf '${files.${file}}' >${file}\n") (builtins.attrNames files);
  };
in rec {
  ready = { pkg = s6-rc.createLongRunService { name = "ready"; notificationFd = 3; timeoutUp = 20000;
    run = sh "cat data/greeting; sleep 1; date +%s%N >'${stateDir}/ready'; echo >&3; exec sleep 1000";
    data = pkgs.writeTextFile { name = "data"; destination = "/greeting"; text = "hello\n"; }; }; };
  after = { pkg = s6-rc.createOneShotService { name = "after"; dependencies = [ ready ];
    up = text "up" "sh -c \"date +%s%N >\\\"${stateDir}/after\\\"\""; down = text "down" "touch \"${stateDir}/down was run\""; }; };
  alone = { pkg = s6-rc.createLongRunService { name = "alone"; autoGenerateLogService = false; run = "${pkgs.writeTextFile { name = "run"; text = "#!/bin/sh\nexec sleep 1000\n"; }}";
    downSignal = "INT"; flagEssential = true; finish = sh "touch '${stateDir}/finished'"; }; };
  group = { pkg = s6-rc.createServiceBundle { name = "group"; contents = [ alone ready.pkg ]; }; };
  foreign' = { pkg = foreign "foreign-srv" {
    "foreign-srv/type" = "longrun\\n"; "foreign-srv/run" = "#!/bin/sh\\nexec sleep 1000\\n"; "foreign-srv/producer-for" = "foreign-log\\n";
    "foreign-log/type" = "longrun\\n"; "foreign-log/run" = "#!/bin/sh\\nexec cat >/dev/null\\n"; "foreign-log/consumer-for" = "foreign-srv\\n"; "foreign-log/pipeline-name" = "foreign\\n";
  }; };
  last = sleeper "last" { dependencies = [ foreign'.pkg ready.pkg ]; postInstall = ''
    mkdir -p $out/etc/s6/sv/extra
    printf 'longrun\n' >$out/etc/s6/sv/extra/type
    printf '#!/bin/sh\nexec sleep 1000\n' >$out/etc/s6/sv/extra/run
  ''; };
  `+more+`
}`)
	}
	p.mustSwitchTo(model(""))
	up := p.up()
	for _, name := range []string{"ready-srv", "ready-log", "after", "alone", "foreign-srv", "foreign-log", "last-srv", "last-log", "extra"} {
		if !strings.Contains(" "+strings.Join(up, " ")+" ", " "+name+" ") {
			t.Errorf("%s is not up: %q", name, up)
		}
	}
	if ready, after := read(t, p.state, "ready"), read(t, p.state, "after"); ready > after {
		t.Errorf("ready at %s, what depends on it started at %s", ready, after)
	}
	eventually(t, "the log has what was said", func() bool {
		log, _ := os.ReadFile(filepath.Join(p.state, "log/s6-log/ready/current"))
		return strings.HasPrefix(string(log), "hello\n")
	})
	if got := read(t, p.path("profiles/processes/etc/s6/sv/default/contents")); got != "after\nalone\nforeign\ngroup\nlast\nready\n" {
		t.Errorf("the bundle has %q", got)
	}
	before := p.observe()
	if r := p.mustSwitchTo(model("")); !strings.Contains(r.stdout, "7 kept") {
		t.Errorf("a switch with nothing to do says\n%s", r.stdout)
	}
	// Another deeper dependency, another bundle, a changed file of ours: nothing restarts.
	p.mustSwitchTo(model(`all = { pkg = s6-rc.createServiceBundle { name = "all"; contents = [ group last ]; }; };`))
	kept(t, before, p.observe(), "ready", "alone", "foreign", "last", "extra")
	if out := p.must("s6-rc-db", "-l", p.live, "contents", "group").stdout; !strings.Contains(out, "alone") || !strings.Contains(out, "ready-srv") {
		t.Errorf("the bundle is\n%s", out)
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	for _, file := range []string{"down was run", "finished"} {
		if _, err := os.Stat(filepath.Join(p.state, file)); err != nil {
			t.Error(err)
		}
	}
}

// What can't become a service is refused before anything is built.
func TestS6rcRefuses(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	for text, want := range map[string]string{
		`{ a = sleeper "default" { }; }`: `the name "default" is that of the bundle`,
		`{ a = sleeper "s6rc-a" { }; }`:  `can't have a service with the name "s6rc-a`,
		`{ a = sleeper "a" { }; b = sleeper "a-log" { overrides.s6-rc.autoGenerateLogService = false; }; }`: `more than one process makes a service "a-log": a, b`,
		`{ a = sleeper "a" { overrides.s6-rc.notificationFd = 1; }; }`:                                      "notification-fd: 1 is one of the standard streams",
		`{ a = sleeper "a" { overrides.s6-rc.timeoutKill = "soon"; }; }`:                                    `timeout-kill: "soon" is no whole number`,
		`{ a = sleeper "a" { overrides.s6-rc.run = "text"; }; }`:                                            `run is "text", where the path of a file is due`,
		`{ a = sleeper "a" { umask = "9"; }; }`:                                                             `umask: "9" is not an octal number`,
		`{ a = sleeper "a" { nice = "very"; }; }`:                                                           `nice: "very" is not a whole number`,
	} {
		r := d.nixproc("s6-rc-switch", "--host-packages", "--state-dir", d.path("state"), "--force-disable-user-change", d.model("model.nix", text))
		if r.code != 65 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit code %d\n%s", text, r.code, r.stderr)
		}
	}
	if _, err := os.Stat(d.path("state")); err == nil {
		t.Error("something was touched")
	}
	r := d.nixproc("s6-svscan", "operand")
	if r.code != 64 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

// A deployment of the older tools is taken over: nothing of it is left running
// that is not in the model, and what cannot be compared restarts once.
func TestS6rcTakesOver(t *testing.T) {
	t.Parallel()
	p := newS6rc(t)
	p.run()
	profile := p.store.build(t, `pkgs.stdenv.mkDerivation { name = "s6-rc"; buildCommand = ''
		sv=$out/etc/s6/sv
		for name in a b; do
			mkdir -p $sv/$name-srv $sv/$name-log
			echo longrun | tee $sv/$name-srv/type >$sv/$name-log/type
			printf '#!/bin/sh\nexec sleep 1000\n' >$sv/$name-srv/run
			printf '#!/bin/sh\nexec s6-log -d3 "%s/%s"\n' "`+p.path("old log")+`" $name >$sv/$name-log/run
			echo 3 >$sv/$name-log/notification-fd
			echo $name-log >$sv/$name-srv/producer-for
			echo $name-srv >$sv/$name-log/consumer-for
			echo $name >$sv/$name-log/pipeline-name
		done
		echo a-srv >$sv/b-srv/dependencies
		mkdir $sv/default; echo bundle >$sv/default/type; printf 'a-srv\nb-srv\n' >$sv/default/contents
	''; }`)
	databases := filepath.Join(p.state, "etc/s6/rc")
	for _, dir := range []string{databases, p.path("old log")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	old := filepath.Join(databases, "compiled-old")
	p.must("s6-rc-compile", old, filepath.Join(profile, "etc/s6/sv"))
	p.must("s6-rc-init", "-c", old, "-l", p.live, filepath.Join(p.state, "run/service"))
	p.must("s6-rc", "-l", p.live, "-u", "change", "default")
	p.must("ln", "-s", old, filepath.Join(databases, "compiled"))
	if err := os.MkdirAll(p.path("profiles"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := p.store.nix(nil, "nix-env", "-p", p.path("profiles/processes"), "--set", profile); err != nil {
		t.Fatal(out, err)
	}
	before := p.runsExactly("a", "b")

	// The profile itself, by the older command: nothing restarts.
	r := p.nixproc(append(append([]string{"s6-rc-deploy"}, p.options[:3]...), profile)...)
	if r.code != 0 || !strings.Contains(r.stdout, "2 kept") {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	kept(t, before, p.runsExactly("a", "b"), "a", "b")

	r = p.mustSwitchTo(p.model("model.nix", `{ b = sleeper "b" { }; }`))
	if after := p.runsExactly("b"); after["b"] == before["b"] {
		t.Error("b was not restarted")
	}
	if !strings.Contains(r.stdout, "1 stopped, 1 restarted") {
		t.Errorf("the switch says\n%s", r.stdout)
	}
	p.mustSwitchTo("--rollback")
	p.runsExactly("a", "b")
	p.mustSwitchTo(fmt.Sprintf("--switch-generation=%d", 2))
	p.runsExactly("b")
}

// Packages of the old framework, which carry no specification, are deployed as
// they are, beside ours; what is the same goes on running.
func TestS6rcOldPackages(t *testing.T) {
	t.Parallel()
	checkout := os.Getenv(oldFramework)
	if checkout == "" {
		t.Skipf("%s does not name a checkout of the old framework", oldFramework)
	}
	d := newDeployment(t)
	d.dir = filepath.Dir(d.dir) // its log services can't have a blank in a path
	p := s6rcFor(d, "state")
	p.run()
	p.mustSwitchTo(p.modelOf(checkout, "old.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`))
	before := p.runsExactly("a", "b")
	r := p.mustSwitchTo(p.modelOf(checkout, "more.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; c = sleeper "c" { }; }`))
	kept(t, before, p.runsExactly("a", "b", "c"), "a", "b")
	if !strings.Contains(r.stdout, "1 started, 2 kept") {
		t.Errorf("the switch says\n%s", r.stdout)
	}
	p.mustSwitchTo(p.model("ours.nix", `rec { a = sleeper "a" { }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`))
	p.runsExactly("a", "b")
	p.mustSwitchTo("--rollback")
	p.runsExactly("a", "b", "c")
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// s6-svscan is deployed as a process itself, and then deployed to, in the same
// profile: neither touches what the other runs.
func TestS6rcThatWasDeployed(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	p := s6rcFor(d, "state")
	d.hostNeeds("s6", "daemon")
	manager := d.write("s6.nix", `{ pkgs ? import <nixpkgs> { }, stateDir, runtimeDir, logDir, tmpDir, processManager, forceDisableUserChange }: {
  s6-svscan.pkg = (import (/. + `+nixString(example(t, "services-agnostic", "constructors", "constructors.nix"))+`) {
    inherit pkgs stateDir runtimeDir logDir tmpDir processManager forceDisableUserChange;
  }).s6-svscan { };
}`)
	d.mustSwitchTo("--host-packages", manager)
	pid, start, alive := d.process("s6-svscan")
	if !alive {
		t.Fatal("s6-svscan does not run")
	}
	eventually(t, "s6-svscan answers", func() bool {
		return p.program("s6-svscanctl", "-a", filepath.Join(p.state, "run/service")).code == 0
	})
	p.mustSwitchTo(d.model("model.nix", `{ a = sleeper "a" { }; }`))
	p.runsExactly("a")
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	if pid2, start2, alive := d.process("s6-svscan"); !alive || pid2 != pid || start2 != start {
		t.Errorf("s6-svscan was process %d and is %d", pid, pid2)
	}
	d.mustSwitchTo("--host-packages", "--undeploy")
	if left := mentions(t, d.path("state")); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
}

// Users and groups come before the processes that run as them, and go after
// those (D33).
func TestS6rcUsers(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "nginx")
	p := s6rcFor(m.deployment, "state")
	p.options = []string{"--state-dir", p.state, "--host-packages"}
	p.run()
	model := newAdvancedModel(m, "null")
	p.mustSwitchTo(model.args()...)
	before := p.observe()
	for name, id := range advanced {
		m.has(name, id)
		if strings.HasPrefix(name, "webapp") {
			pid, err := strconv.Atoi(p.pid(name))
			if err != nil {
				t.Fatal(err)
			}
			runsAs(t, name, pid, id, id)
		}
	}
	p.mustSwitchTo(model.args("webapp6")...)
	m.hasNot("webapp6")
	kept(t, before, p.observe(), "webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "nginx")
	p.mustSwitchTo("--undeploy")
	for name := range advanced {
		m.hasNot(name)
	}
	m.hasNot("s6-log")
	p.runsExactly()
}
