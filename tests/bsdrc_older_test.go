package tests

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The first switch after the older tools: their profile has no nixproc.json, and
// they linked scripts to be started at boot. What is in both is stopped by its old
// script, in rcorder's order, and started by the new one; a rollback leads to it.
func TestBsdrcTakesOver(t *testing.T) {
	t.Parallel()
	b := newBSDMachine(t)
	b.write("conf dir/rc.conf", "x=1\n")
	state := b.path("state")
	for _, dir := range []string{"state/run", "profiles", "boot scripts"} {
		if err := os.MkdirAll(b.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// The older scripts could not have blanks in such paths.
	short, err := ownDir("npb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	if err := os.Symlink(state, short+"/state"); err != nil {
		t.Fatal(err)
	}
	daemon := b.store.build(t, `pkgs.writeTextFile { name = "older-daemon"; executable = true; text = "#!/bin/sh\nsetsid ${pkgs.coreutils}/bin/sleep \"$2\" >/dev/null 2>&1 </dev/null &\necho $! >\"$1\"\n"; }`)
	old := b.store.build(t, fmt.Sprintf(`
let
  script = name: header: ''
    #!/bin/sh
    # PROVIDE: ${name}
    ${header}
    . /etc/rc.subr

    name="${name}"
    rcvar=${name}_enabled

    load_rc_config $name

    command=%s
    command_args="%s/state/run/${name}.pid 1000"
    pidfile="%s/state/run/${name}.pid"
    procname=${pkgs.coreutils}/bin/sleep

    stop_precmd=note
    note() { echo "${name}" >>%s/state/stopped; }
    run_rc_command "$1"
  '';
in pkgs.runCommand "rc.d" { app = script "app" "# REQUIRE: db"; db = script "db" ""; gone = script "gone" "# BEFORE: db"; } ''
  mkdir -p $out/etc/rc.d
  for name in app db gone; do
    printf '%%s' "''${!name}" >$out/etc/rc.d/$name
    chmod +x $out/etc/rc.d/$name
  done
''`, daemon, short, short, short))
	for link, to := range map[string]string{
		"profiles/processes-1-link": old, "profiles/processes": "processes-1-link", "boot scripts/app": old + "/etc/rc.d/app",
	} {
		if err := os.Symlink(to, b.path(link)); err != nil {
			t.Fatal(err)
		}
	}
	if r := b.nixproc("bsdrc-runactivity", "onestart"); r.code != 0 ||
		strings.Join(strings.Fields(strings.ReplaceAll(r.stdout, "Starting ", "")), "") != "gone.db.app." {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	before := b.runsExactly("app", "db", "gone")
	if r := b.nixproc("status"); r.code != 0 || strings.Count(r.stdout, "running") != 3 {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}

	model := b.model("model.nix", `rec { db = sleeper "db" { }; app = sleeper "app" { dependencies = [ db.pkg ]; }; }`)
	b.mustSwitchTo("--enable-at-boot", model)
	replaced(t, before, b.runsExactly("app", "db"), "app", "db")
	if got := read(t, b.path("state/stopped")); got != "app\ndb\ngone\n" {
		t.Errorf("the older scripts stopped %q", got)
	}
	if info, err := os.Lstat(b.path("boot scripts/app")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the older link stays: %v, %v", info, err)
	}
	b.mustSwitchTo("--rollback")
	b.runsExactly("app", "db", "gone")
	b.leavesNothing()
	b.nothingAtBoot("x=1\n")
}

// A profile that the older framework itself builds.
func TestBsdrcOldFramework(t *testing.T) {
	t.Parallel()
	checkout := oldCheckout(t)
	b := newBSDMachine(t)
	dir, err := ownDir("npb") // its Nix code can't cope with blanks in paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b.dir = dir
	b.env = append(b.env, "NIX_USER_PROFILE_DIR="+b.path("profiles"))
	body := func(second string) string {
		return `{
  first.pkg = create { instanceName = "first"; daemon = script "first" ''${pkgs.coreutils}/bin/sleep 1000 & echo $! >"$PID_FILE"''; environment.PID_FILE = "${runtimeDir}/first.pid"; overrides.bsdrc.commands.stop.post = "true"; };
  second.pkg = create { instanceName = "second"; daemon = script "second" ''${pkgs.coreutils}/bin/sleep ` + second + ` & echo $! >"$PID_FILE"''; environment.PID_FILE = "${runtimeDir}/second.pid"; };
}`
	}
	run := func(args ...string) outcome {
		t.Helper()
		r := b.nixproc(append([]string{"bsdrc-switch", "--state-dir", b.path("state"), "--host-packages"}, args...)...)
		if r.code != 0 {
			t.Fatalf("%q: exit code %d\n%s", args, r.code, r.stderr)
		}
		return r
	}
	run(b.modelOf(checkout, "model.nix", body("1000")))
	before := b.runsExactly("first", "second")
	run(b.modelOf(checkout, "model.nix", body("2000")))
	after := b.runsExactly("first", "second")
	same(t, before, after, "first")
	replaced(t, before, after, "second")
	run(b.model("model.nix", body("2000")))
	b.runsExactly("first", "second")
	run("--undeploy")
	b.runsExactly()
}
