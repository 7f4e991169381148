package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// leftByOlder makes a profile without a manifest the current generation, as the
// older tools leave one (COMPAT.md, 4). In the expression, script is what it is in
// a model.
func (d *deployment) leftByOlder(expr string) (profile string) {
	d.t.Helper()
	profile = d.store.build(d.t, `let script = name: text: "${pkgs.writeTextFile { inherit name; executable = true; text = "#!${pkgs.stdenv.shell}\n" + text; }}"; in `+expr)
	if err := os.MkdirAll(d.path("profiles"), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if out, err := d.store.nix([]string{"NIX_USER_PROFILE_DIR=" + d.path("profiles")}, "nix-env", "-p", d.path("profiles", "processes"), "--set", profile); err != nil {
		d.t.Fatal(out, err)
	}
	return profile
}

// olderScripts are init scripts in the form that the older tools gave them, with
// shell functions of the same names.
func (d *deployment) olderScripts() string {
	return `
let
  state = ` + nixString(d.path("state")) + `;
  functions = pkgs.writeTextFile { name = "init-functions"; text = ''
    log_info_msg() { :; }
    evaluate_retval() { :; }
    start_daemon() { shift 3; "$@"; }
    killproc() { echo "''${2##*/}" >>${state}/stopped; kill "$(cat "$2")"; while kill -0 "$(cat "$2")" 2>/dev/null; do sleep 0.02; done; rm -f "$2"; }
  ''; };
  one = number: name: seconds: dependencies: pkgs.runCommand name { text = ''
    #! ${pkgs.stdenv.shell}

    ## BEGIN INIT INFO
    # Provides:      ${name}
    ## END INIT INFO

    . ${functions}

    export PID_FILE=${state}/run/${name}.pid

    case "$1" in
      start)
      log_info_msg "Starting ${name}..."

    start_daemon -f -p ${state}/run/${name}.pid  ${script name ''setsid sleep ${seconds} & echo $! >"$PID_FILE"''}

    evaluate_retval

      ;;

    stop)
      log_info_msg "Stopping ${name}..."
    killproc -p ${state}/run/${name}.pid ${script name ''setsid sleep ${seconds} & echo $! >"$PID_FILE"''}
    evaluate_retval

      ;;

    restart)
      $0 stop
    sleep 1
    $0 start

      ;;

    esac
  ''; } ''
    mkdir -p $out/etc/rc.d/init.d $out/etc/rc.d/rc3.d
    printf '%s' "$text" >$out/etc/rc.d/init.d/${name}
    chmod +x $out/etc/rc.d/init.d/${name}
    ln -s ../init.d/${name} $out/etc/rc.d/rc3.d/S0${number}${name}
  '';
in pkgs.buildEnv { name = "rc.d"; paths = [
  (one "0" "base" "1000" [ ]) (one "0" "changed" "1000" [ ]) (one "1" "dependent" "1000" [ ]) (one "2" "last" "1000" [ ])
  (one "0" "dead" "1000" [ ]) (one "1" "gone" "1000" [ ])
]; }`
}

// The first switch goes on with what the scripts of the older tools say as ours
// do, starts what has died, and restarts the rest once, in order and stopped by
// the older scripts; a rollback leads to them, and from there back.
func TestSysvinitTakesOver(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.dir = filepath.Join(filepath.Dir(d.dir), "folder") // they could not have blanks in paths
	d.env = append(d.env, "NIX_USER_PROFILE_DIR="+d.path("profiles"))
	if err := os.MkdirAll(d.path("state/run"), 0o755); err != nil {
		t.Fatal(err)
	}
	d.leftByOlder(d.olderScripts())
	if r := d.nixproc("sysvinit-runactivity", "--runlevel=3", "start"); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	before := d.observe()
	runs(t, before, "base", "changed", "dependent", "last", "dead", "gone")
	pid := d.running("dead")
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
	one := func(name, seconds, dependencies string) string {
		return name + ` = daemon "` + name + `" ''setsid sleep ` + seconds + ` & echo $! >"$PID_FILE"'' [ ` + dependencies + ` ];` + "\n"
	}
	model := d.model("model.nix", "rec {\n"+one("base", "1000", "")+one("changed", "2000", "")+one("dependent", "2000", "changed.pkg")+
		one("last", "1000", "dependent.pkg")+one("dead", "1000", "")+one("new", "1000", "")+"}")
	r := d.mustSwitchTo("--host-packages", model)
	after := d.observe()
	runs(t, after, "base", "changed", "dependent", "last", "dead", "new")
	same(t, before, after, "base", "last")
	replaced(t, before, after, "changed", "dependent")
	for _, line := range []string{
		`base +refreshed +pid \d+ +only its files changed`, `changed +restarted +pid \d+ +its script starts it in another way`,
		`dead +started +pid \d+ +did not run`, `gone +stopped +no longer in the model`, `new +started +pid \d+ +new`,
		`2 started, 1 stopped, 2 restarted, 2 refreshed: generation 2`,
	} {
		if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(r.stdout) {
			t.Errorf("no line %q in\n%s", line, r.stdout)
		}
	}
	// What is of one rank stops in any order.
	if got := read(t, d.path("state/stopped")); got != "dependent.pid\ngone.pid\nchanged.pid\n" && got != "gone.pid\ndependent.pid\nchanged.pid\n" {
		t.Errorf("the older scripts stopped\n%s", got)
	}
	if r := d.mustSwitchTo("--host-packages", model); !strings.Contains(r.stdout, "6 kept: generation 2") {
		t.Errorf("the same switch again says\n%s", r.stdout)
	}
	d.mustSwitchTo("--rollback")
	back := d.observe()
	runs(t, back, "base", "changed", "dependent", "last", "dead", "gone")
	same(t, after, back, "base", "last", "dead")
	d.mustSwitchTo("--switch-generation=2")
	same(t, back, d.observe(), "base", "last", "dead")
	d.leavesNothing(nil, before, after, back)
}

// The same with supervisord, to which the older tools linked their files.
func TestSupervisordTakesOver(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.run()
	profile := p.leftByOlder(`
let
  path = pkgs.lib.makeBinPath [ pkgs.coreutils pkgs.gnused pkgs.gnugrep pkgs.inetutils ];
  one = name: priority: arguments: pkgs.writeTextFile { inherit name; destination = "/conf.d/${name}.conf"; text = ''
    [program:${name}]
    command=${pkgs.coreutils}/bin/sleep ${arguments}
    priority=${priority}
    environment=PATH="${path}"
  ''; };
in pkgs.buildEnv { name = "supervisord.d"; paths = [ (one "base" "1" "1000 ") (one "changed" "1" "1000") (one "last" "2" "1000") (one "gone" "1" "1000") ]; }`)
	for _, name := range []string{"base", "changed", "last", "gone"} {
		to, err := filepath.EvalSymlinks(filepath.Join(profile, "conf.d", name+".conf"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(p.conf, "conf.d", name+".conf")); err != nil {
			t.Fatal(err)
		}
	}
	if r := p.ctl("update"); r.code != 0 {
		t.Fatalf("update: %s%s", r.stdout, r.stderr)
	}
	eventually(t, "what was left is up", func() bool { return len(p.observe()) == 4 })
	before := p.runsExactly("base", "changed", "last", "gone")
	r := p.mustSwitchTo(p.model("model.nix", `rec { base = sleeper "base" { }; changed = sleeper "changed" { args = [ 2000 ]; }; last = sleeper "last" { dependencies = [ changed.pkg ]; }; }`))
	after := p.runsExactly("base", "changed", "last")
	kept(t, before, after, "base", "last")
	if before["changed"] == after["changed"] || !strings.Contains(r.stdout, "its file sets another command\n") || !strings.Contains(r.stdout, "1 stopped, 1 restarted, 1 refreshed, 1 kept: generation 2") {
		t.Errorf("changed was %s and is %s\n%s", before["changed"], after["changed"], r.stdout)
	}
	for name := range after {
		if info, err := os.Lstat(filepath.Join(p.conf, "conf.d", name+".conf")); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s.conf is no copy: %v, %v", name, info, err)
		}
	}
	p.mustSwitchTo("--rollback")
	kept(t, after, p.runsExactly("base", "changed", "last", "gone"), "base", "last")
	nothingRemains(t, p, nil)
}
