package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Settings of supervisord pass through as they are, and take effect.
func TestSupervisordSettings(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.run()
	file := p.model("model.nix", `
let
  process = name: more: { pkg = create ({ inherit name; foregroundProcess = "${pkgs.coreutils}/bin/sleep"; args = [ 1000 ]; } // more); };
in {
  set = process "set" { overrides.supervisord = { autorestart = true; exitcodes = [ 0 2 ]; stdout_logfile = "%(here)s/../logs/%(program_name)s.log"; }; };
  function = process "function" {
    umask = "027"; nice = 3; pidFile = "/x.pid"; directory = "/"; environment.A = "1"; path = [ pkgs.coreutils ];
    overrides.supervisord = generated: builtins.removeAttrs generated [ "umask" ] // {
      command = generated.command + "5";
    };
  };
  single = process "single" { overrides.supervisord = { startsecs = 0; autorestart = false; command = "true"; }; };
  resting = process "resting" { overrides.supervisord.autostart = false; };
}`)
	p.mustSwitchTo(file)
	conf := func(name string) string { return read(t, p.conf, "conf.d", name+".conf") }
	for _, want := range []string{"autorestart=true\n", "exitcodes=0,2\n", "/bin/sleep 1000\n", "; Written by nixproc for the profile " + p.path("profiles/processes")} {
		if !strings.Contains(conf("set"), want) {
			t.Errorf("set.conf lacks %q:\n%s", want, conf("set"))
		}
	}
	for _, want := range []string{
		"/bin/nice -n 3 ", "/bin/sleep 10005\n", "directory=/\n", `environment=A="1",PATH=`,
	} {
		if !strings.Contains(conf("function"), want) {
			t.Errorf("function.conf lacks %q:\n%s", want, conf("function"))
		}
	}
	for _, unwanted := range []string{"umask=", "pidFile="} {
		if strings.Contains(conf("function"), "\n"+unwanted) {
			t.Errorf("function.conf has %q:\n%s", unwanted, conf("function"))
		}
	}
	status := p.ctl("status").stdout
	for _, want := range []string{"single EXITED", "resting STOPPED", "set RUNNING", "function RUNNING"} {
		if !strings.Contains(strings.Join(strings.Fields(status), " "), want) {
			t.Errorf("want %q:\n%s", want, status)
		}
	}
	if _, err := os.Stat(filepath.Join(p.conf, "logs/set.log")); err != nil {
		t.Error(err)
	}
	if r := p.mustSwitchTo(file); !strings.Contains(r.stdout, "4 kept") {
		t.Errorf("a second switch says\n%s%s", r.stdout, r.stderr)
	}
}

// createSupervisordProgram called by itself, with only what its older callers
// gave it, and with a proxy of supervisord's own; packages that know nothing of
// this framework; and what postInstall adds.
func TestSupervisordPackages(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.run()
	model := func(depth string) string {
		return p.model("model.nix", `
let
  program = import (/. + `+nixString(filepath.Join(checkoutPath(t), "nixproc/create-managed-process/supervisord/create-supervisord-program.nix"))+`) {
    inherit (pkgs) writeTextFile stdenv lib;
    supervisor = pkgs.python3Packages.supervisor;
    basePackages = [ pkgs.coreutils ];
    createCredentials = throw "nobody asked for accounts";
    inherit runtimeDir;
  };
  foreign = pkgs.stdenv.mkDerivation {
    name = "foreign";
    priority = 2;
    buildCommand = ''
      mkdir -p $out/conf.d
      printf '[program:foreign]\ncommand=${pkgs.coreutils}/bin/sleep 1000\npriority=2\n' >$out/conf.d/foreign.conf
    '';
  };
in rec {
  own = { pkg = program { name = "own"; command = "sleep 1000"; stopsignal = "INT"; }; };
  proxied = { pkg = program { name = "proxied"; useProxy = true; pidFile = "its.pid"; command = "sleep 1000"; startsecs = 0; autorestart = false; }; };
  foreign' = { pkg = foreign; };
  base = sleeper "base" { };
  middle = sleeper "middle" { dependencies = [ base.pkg ]; };
  last = sleeper "last" {
    dependencies = [ `+depth+`.pkg ];
    postInstall = ''
      sed -e 's/program:last/program:extra/' $out/conf.d/last.conf >$out/conf.d/extra.conf
      echo "stopwaitsecs=7" >>$out/conf.d/last.conf
    '';
  };
}`)
	}
	p.mustSwitchTo(model("base"))
	before := p.observe()
	for _, name := range []string{"own", "foreign", "base", "middle", "last", "extra"} {
		if before[name] == "" {
			t.Errorf("%s does not run:\n%s", name, p.ctl("status").stdout)
		}
	}
	if text := read(t, p.conf, "conf.d/last.conf"); !strings.Contains(text, "priority=2\n") || !strings.Contains(text, "stopwaitsecs=7\n") {
		t.Errorf("last.conf says\n%s", text)
	}
	if text := read(t, p.conf, "conf.d/proxied.conf"); !strings.Contains(text, "/bin/pidproxy '"+p.path("state/run/its.pid")+"' sleep 1000\n") {
		t.Errorf("proxied.conf says\n%s", text)
	}
	p.mustSwitchTo(model("middle"))
	kept(t, before, p.observe(), "own", "foreign", "base", "middle", "last", "extra")
	if text := read(t, p.conf, "conf.d/last.conf"); !strings.Contains(text, "priority=3\n") {
		t.Errorf("last.conf says\n%s", text)
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// supervisord is deployed as a process itself, and then deployed to, in the same
// profile: neither touches what the other runs.
func TestSupervisordThatWasDeployed(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("python3Packages.supervisor", "daemon")
	port := freePorts(t, 1)[0]
	manager := d.write("supervisord.nix", "args@{ ids, pkgs ? import <nixpkgs> {}, stateDir, processManager, forceDisableUserChange }: { inherit (import (/. + "+
		nixString(example(t, "services-agnostic", "processes.nix"))+") (args // { inherit pkgs; })) supervisord; }")
	params := func(port int) string {
		return fmt.Sprintf("--extra-params={ ids.inetHTTPPorts.supervisord = %d; }", port)
	}
	d.mustSwitchTo("--host-packages", params(port), manager)
	pid, start, alive := d.process("supervisord")
	if !alive {
		t.Fatal("supervisord does not run")
	}
	p := &supervisordPlace{deployment: d, conf: d.path("state/lib/supervisord")}
	d.env = append(d.env, "SUPERVISORD_CONF_DIR="+p.conf)
	eventually(t, "supervisord answers", func() bool { return p.ctl("pid").code == 0 })

	p.mustSwitchTo(d.model("model.nix", `{ a = sleeper "a" { }; }`))
	p.runsExactly("a")
	const goes = "process 'supervisord' is a process manager, and what it runs goes down with it (of the profile 'processes', processes: 1)"
	if r := d.mustSwitchTo("--host-packages", "--dry-run", params(port+1), manager); !strings.Contains(r.stderr, goes) {
		t.Errorf("nothing says what goes down with supervisord:\n%s", r.stderr)
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	if r := d.mustSwitchTo("--host-packages", "--dry-run", params(port+1), manager); strings.Contains(r.stderr, "goes down") {
		t.Errorf("nothing would go down:\n%s", r.stderr)
	}
	if pid2, start2, alive := d.process("supervisord"); !alive || pid2 != pid || start2 != start {
		t.Errorf("supervisord was process %d and is %d", pid, pid2)
	}
	d.mustSwitchTo("--host-packages", "--undeploy")
	if left := mentions(t, d.path("state")); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
}

// Users and groups come before supervisord reads the programs that name them,
// and go after those.
func TestSupervisordUsers(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "nginx")
	p := supervisordFor(m.deployment)
	p.enter = m.enter()
	p.run()
	model := newAdvancedModel(m, "null")
	run := func(args ...string) {
		t.Helper()
		r := m.nixproc(append([]string{"supervisord-switch", "--host-packages", "--state-dir", m.path("state")}, args...)...)
		if r.code != 0 {
			t.Fatalf("exit code %d\n%s", r.code, r.stderr)
		}
	}
	run(model.args()...)
	before := p.observe()
	for name, id := range advanced {
		m.has(name, id)
		if strings.HasPrefix(name, "webapp") {
			runsAs(t, name, p.number(name), id, id)
		}
	}
	run(model.args("webapp6")...)
	m.hasNot("webapp6")
	kept(t, before, p.observe(), "webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "nginx")
	run("--undeploy")
	for name := range advanced {
		m.hasNot(name)
	}
	p.runsExactly()
}
