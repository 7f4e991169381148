package tests

import (
	"encoding/json"
	"os"
	"path/filepath"
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
		setPath = run { run = "/a/path"; finish = <nixpkgs/default.nix>; };
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
	if r := d.nixproc("s6-svscan", "operand"); r.code != 64 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	d.env = append(d.env, "PATH="+d.path("nothing"))
	r := d.nixproc("s6-svscan", "--state-dir", d.path("state"))
	if r.code != 1 || !strings.Contains(r.stderr, "s6-svscan is not installed") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	if _, err := os.Stat(d.path("state")); err == nil {
		t.Error("a scan directory was made for nobody")
	}
}
