package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plistAsJSON reads a plist back with Python's plistlib.
func plistAsJSON(t *testing.T, file string) map[string]any {
	t.Helper()
	out, err := exec.Command("python3", "-c", `import json, plistlib, sys
json.dump(plistlib.load(open(sys.argv[1], "rb")), sys.stdout)`, file).Output()
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var properties map[string]any
	if err := json.Unmarshal(out, &properties); err != nil {
		t.Fatal(err)
	}
	return properties
}

// What overrides see and may do (COMPAT.md, 3); properties as they are.
func TestLaunchdOverrides(t *testing.T) {
	t.Parallel()
	p := newLaunchd(t)
	p.run()
	const all = `umask = "027"; nice = 3; directory = "/"; environment.A = 1; path = [ pkgs.coreutils ]; user = "nobody"; args = [ 1000 ];`
	file := p.model("model.nix", `
let
  process = name: more: { pkg = create ({ inherit name; foregroundProcess = "${pkgs.coreutils}/bin/sleep"; } // more); };
  seen = generated: { EnvironmentVariables.SEEN = toString (builtins.attrNames generated); };
in {
  least = process "least" { args = [ 1000 ]; overrides.launchd = old: old // seen old; };
  all = process "all" { `+all+` overrides.launchd = old: old // seen old // { ProgramArguments = old.ProgramArguments ++ [ "1" ]; }; };
  less = process "less" { `+all+` overrides.launchd = old: builtins.removeAttrs old [ "Umask" "Nice" "WorkingDirectory" "path" ] // { ProgramArguments = [ "a name" 3000 ]; }; };
  set = process "set" { args = [ 1000 ]; overrides.launchd = { KeepAlive = { SuccessfulExit = false; }; ThrottleInterval = 1; Program = "${pkgs.coreutils}/bin/sleep"; Umask = 18; Other = null; ProgramArguments = [ "sleep" "1000" ]; }; };
  daemon = { pkg = create { name = "daemon"; instanceName = "daemon"; daemon = "/nowhere"; overrides.launchd = { Program = "${pkgs.coreutils}/bin/sleep"; ProgramArguments = [ "sleep" "1000" ]; }; }; };
}`)
	plist := func(profile, name string) map[string]any {
		return plistAsJSON(t, filepath.Join(profile, "Library/LaunchDaemons/org.nixos."+name+".plist"))
	}
	r := p.nixproc("build", "-P", "launchd", "--no-out-link", "--host-packages", "--state-dir", p.path("state"), file)
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	built := strings.TrimSpace(r.stdout)
	wantSeen := map[string]string{
		"least": "Program ProgramArguments credentials name postInstall",
		"all":   "EnvironmentVariables Nice Program ProgramArguments Umask UserName WorkingDirectory credentials name path postInstall",
	}
	for name, want := range wantSeen {
		environment := plist(built, name)["EnvironmentVariables"].(map[string]any)
		if environment["SEEN"] != want {
			t.Errorf("%s: an override sees %q, want %q", name, environment["SEEN"], want)
		}
	}
	whole, less, set, daemon := plist(built, "all"), plist(built, "less"), plist(built, "set"), plist(built, "daemon")
	if whole["Umask"] != 23.0 || whole["Nice"] != 3.0 || whole["WorkingDirectory"] != "/" || whole["UserName"] != "nobody" || whole["RunAtLoad"] != true {
		t.Errorf("all: %v", whole)
	}
	if words := fmt.Sprint(whole["ProgramArguments"]); !strings.HasSuffix(words, "/bin/sleep 1000 1]") || !strings.HasPrefix(words, "[/bin/sh -c /bin/wait4path ") {
		t.Errorf("all: %s", words)
	}
	for _, gone := range []string{"Umask", "Nice", "WorkingDirectory"} {
		if less[gone] != nil {
			t.Errorf("less: %s is %v", gone, less[gone])
		}
	}
	if words := fmt.Sprint(less["ProgramArguments"]); !strings.HasPrefix(words, "[/bin/bash -c ") || !strings.Contains(words, " a name /") || !strings.HasSuffix(words, "/bin/sleep 3000]") {
		t.Errorf("less: %s", words)
	}
	if _, has := set["Other"]; has || set["Umask"] != 18.0 || set["RunAtLoad"] != nil || fmt.Sprint(set["KeepAlive"]) != "map[SuccessfulExit:false]" {
		t.Errorf("set: %v", set)
	}
	if words := fmt.Sprint(daemon["ProgramArguments"]); strings.Contains(words, "foreground-proxy") {
		t.Errorf("an override's own program is wrapped: %s", words)
	}
}

// What is refused, in words, before anything is built.
func TestLaunchdBadInput(t *testing.T) {
	t.Parallel()
	p := newLaunchd(t)
	p.run()
	for body, want := range map[string]string{
		`{ a = { pkg = create { name = "a"; process = "/bin/a"; overrides.launchd.KeepAlive = x: x; }; }; }`:          "process 'a': attribute 'KeepAlive' is a function, which a plist can't hold",
		`{ a = { pkg = create { name = "a"; }; }; }`:                                                                  "process 'a': neither 'process'",
		`{ a = sleeper "a" { umask = "9"; nice = 30; }; }`:                                                            "umask: \"9\" is not an octal number",
		`{ a = sleeper "a" { overrides.launchd.Label = "a b"; }; }`:                                                   "launchctl can't handle a daemon with the label \"a b\"",
		`{ a = sleeper "a" { overrides.launchd.Label = "x"; }; b = sleeper "b" { overrides.launchd.Label = "x"; }; }`: "the process 'a' has the label \"x\", too",
		`{ a = sleeper "a" { overrides.launchd.Program = "sleep"; }; }`:                                               "the program \"sleep\" is not an absolute path",
	} {
		if r := p.switchTo(p.model("model.nix", body)); r.code != 65 || !strings.Contains(r.stderr, want) {
			t.Errorf("exit code %d, want %q:\n%s", r.code, want, r.stderr)
		}
	}
	if _, err := os.Stat(p.path("state")); err == nil {
		t.Error("the state directory was made")
	}
}

// Packages that know nothing of this framework, as the one before made them;
// createLaunchdDaemon by its older path, with another prefix; what postInstall
// adds. The first switch takes over what the old tools left and restarts nothing.
func TestLaunchdPackages(t *testing.T) {
	t.Parallel()
	p := newLaunchd(t)
	p.run()
	theirs := func(key string) string {
		return `
let
  daemon = import (/. + ` + nixString(filepath.Join(checkoutPath(t), "nixproc/create-managed-process/launchd/create-launchd-daemon.nix")) + `) {
    inherit (pkgs) writeTextFile stdenv lib;
    createCredentials = throw "nobody asked for accounts";
    prefix = "com.example.";
  };
  plist = ''
    <?xml version="1.0" encoding="UTF-8"?>
    <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">

    <plist version="1.0">
      <dict>
    <key>Label</key>
    <string>org.nixos.a</string>
    <key>Program</key>
    <string>${pkgs.coreutils}/bin/sleep</string>
    <key>ProgramArguments</key>
    <array>
    <string>${pkgs.coreutils}/bin/sleep</string>
    <string>1000</string>
    </array>
    </dict>
    </plist>
  '';
  old = pkgs.stdenv.mkDerivation {
    name = "a";
    inherit plist;
    buildCommand = "mkdir -p $out/Library/LaunchDaemons; printf '%s' \"$plist\" >$out/Library/LaunchDaemons/org.nixos.a.plist";
  };
  own = { pkg = daemon {
    name = "own"; Program = "${pkgs.coreutils}/bin/sleep"; ProgramArguments = [ "sleep" "1000" ];
    postInstall = ''
      sed -e 's/com.example.own/com.example.extra/' $out/Library/LaunchDaemons/com.example.own.plist >$out/Library/LaunchDaemons/com.example.extra.plist
    '';
  }; };
in { ` + key + ` }`
	}
	// The older tools copied plists and loaded them.
	r := p.nixproc("build", "-P", "launchd", "--no-out-link", "--host-packages", "--state-dir", p.path("state"), p.model("old.nix", theirs("a.pkg = old;")))
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	profile := p.store.build(t, `pkgs.runCommand "launchd" { } "mkdir $out; ln -s `+strings.TrimSpace(r.stdout)+`/Library $out/Library"`)
	plist := p.write("Launch Daemons/org.nixos.a.plist", read(t, profile, "Library/LaunchDaemons/org.nixos.a.plist"))
	if err := os.MkdirAll(p.path("profiles"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"processes-1-link": profile, "processes": "processes-1-link"} {
		if err := os.Symlink(to, p.path("profiles", link)); err != nil {
			t.Fatal(err)
		}
	}
	if r := p.ctl("bootstrap", "system", plist); r.code != 0 {
		t.Fatal(r.stderr)
	}
	if r := p.ctl("kickstart", "system/org.nixos.a"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	before := p.runsExactly("a")

	r = p.mustSwitchTo(p.model("new.nix", `{ a = sleeper "a" { }; }`))
	after := p.runsExactly("a")
	kept(t, before, after, "a")
	if text := read(t, plist); !strings.Contains(text, "Put here by nixproc") || !strings.Contains(text, "wait4path") || !strings.Contains(r.stdout, "1 refreshed") {
		t.Errorf("%s\n%s", r.stdout, text)
	}
	p.mustSwitchTo(p.model("both.nix", theirs("a.pkg = old; inherit own;")))
	kept(t, after, p.observe(), "a")
	table := p.ctl("print", "system").stdout
	for _, label := range []string{"com.example.own", "com.example.extra"} {
		if !slices.ContainsFunc(strings.Split(table, "\n"), func(line string) bool {
			fields := strings.Fields(line)
			return len(fields) == 3 && fields[2] == label && fields[0] != "0"
		}) {
			t.Errorf("%s does not run:\n%s", label, table)
		}
	}
	if r := p.mustSwitchTo(p.path("both.nix")); !strings.Contains(r.stdout, "3 kept") {
		t.Errorf("a second switch says\n%s", r.stdout)
	}
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// Users and groups come before launchd starts the jobs that name them, and go
// after those.
func TestLaunchdUsers(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "nginx")
	p := launchdFor(m.deployment)
	p.enter = m.enter()
	p.run()
	model := newAdvancedModel(m, "null")
	run := func(args ...string) {
		t.Helper()
		r := m.nixproc(append([]string{"launchd-switch", "--host-packages", "--state-dir", m.path("state")}, args...)...)
		if r.code != 0 {
			t.Fatalf("exit code %d\n%s", r.code, r.stderr)
		}
	}
	run(model.args()...)
	before := p.observe()
	for name, id := range advanced {
		m.has(name, id)
		if strings.HasPrefix(name, "webapp") {
			runsAs(t, name, p.pid(name), id, id)
			if user := plistAsJSON(t, filepath.Join(p.dir, "org.nixos."+name+".plist"))["UserName"]; user != name {
				t.Errorf("%s: UserName is %v", name, user)
			}
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
