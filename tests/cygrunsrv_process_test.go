package tests

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// One whose proxy was killed does not get a twin.
func TestCygrunsrvOrphan(t *testing.T) {
	t.Parallel()
	needsRoot(t) // for a negative nice value
	p := newCygrunsrv(t)
	model := p.probe(map[string]any{}, []string{})
	p.mustSwitchTo(model...)
	orphan := p.running("npdaemonroot")
	if err := syscall.Kill(p.pid("npdaemonroot"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "that the service has ended", func() bool { return p.observe()["npdaemonroot"] == "" })
	if r := p.mustSwitchTo(model...); !strings.Contains(r.stdout, "1 started, 4 kept") {
		t.Errorf("a second switch says\n%s", r.stdout)
	}
	gone(t, orphan)
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// What overrides see and may do (COMPAT.md, 3), the file that comes of it, and
// older packages beside it.
func TestCygrunsrvOverrides(t *testing.T) {
	t.Parallel()
	p := newCygrunsrv(t)
	const all = `args = [ 1000 ]; umask = "022"; nice = 3; directory = "/"; environment.A = 1; path = [ pkgs.coreutils ];`
	file := p.model("model.nix", `
let
  process = name: more: { pkg = create ({ inherit name; foregroundProcess = "${pkgs.coreutils}/bin/sleep"; } // more); };
  seen = old: { environment.SEEN = toString (builtins.attrNames old); };
  params = import (/. + `+nixString(checkoutPath(t)+"/nixproc/create-managed-process/cygrunsrv/create-cygrunsrv-params.nix")+`) {
    inherit (pkgs) writeTextFile stdenv lib;
  };
  foreign = pkgs.stdenv.mkDerivation {
    name = "nix-process-foreign";
    buildCommand = ''
      mkdir -p $out
      printf '%s\n' --path ${pkgs.coreutils}/bin/sleep --args "'1000'" --env "'A=it\\'s'" --dep nix-process-own >$out/nix-process-foreign-cygrunsrvparams
    '';
  };
in rec {
  all = process "all" { `+all+` overrides.cygrunsrv = old: old // seen old // { args = old.args ++ [ "1" ]; displayName = "All of it"; }; };
  less = process "less" { `+all+` overrides.cygrunsrv = old: builtins.removeAttrs old [ "environmentPath" ] // { environment = { }; args = [ 3000 ]; }; };
  set = process "set" { overrides.cygrunsrv = { type = "manual"; args = [ "1000" ]; stdout = "/dev/null"; terminateOnShutdown = true; }; };
  daemon = { pkg = create { name = "daemon"; daemon = "/nowhere"; dependencies = [ own.pkg foreign' ]; overrides.cygrunsrv = { path = "${pkgs.coreutils}/bin/sleep"; args = [ "1000" ]; }; }; };
  own = { pkg = params { name = "own"; path = "${pkgs.coreutils}/bin/sleep"; args = [ 1000 ]; postInstall = "echo --shutdown >>$out/nix-process-own-cygrunsrvparams"; }; };
  foreign' = { pkg = foreign; };
}`)
	p.mustSwitchTo(file)
	before := p.runsExactly("all", "less", "set", "daemon", "own", "foreign")
	params := func(name string) string {
		return read(t, p.path("profiles/processes"), "nix-process-"+name+"-cygrunsrvparams")
	}
	for name, wants := range map[string][]string{
		"all": {
			"--disp\nAll of it\n", " -n 3 ", " -d / -- ", "/bin/sleep 1000 1\n",
			"--env\nSEEN=args dependencies environment environmentPath name path postInstall\n", `-c 'umask 022 && exec "$@"' `,
		},
		"less":   {"/bin/sleep 3000\n"},
		"set":    {"--type\nmanual\n", "--args\n1000\n", "--stdout\n/dev/null\n", "--shutdown\n"},
		"daemon": {"/bin/sleep\n", "--args\n1000\n", "--dep\nnix-process-own\n--dep\nnix-process-foreign\n"},
		"own":    {"--args\n1000\n--shutdown\n"},
	} {
		for _, want := range wants {
			if !strings.Contains(params(name), want) {
				t.Errorf("%s lacks %q:\n%s", name, want, params(name))
			}
		}
	}
	if strings.Contains(params("less"), "--env") {
		t.Errorf("less has variables:\n%s", params("less"))
	}
	if environ := read(t, fmt.Sprintf("/proc/%d/environ", p.pid("foreign"))); !strings.Contains(environ, "A=it's\x00") {
		t.Errorf("the older package's variables are %q", environ)
	}
	if r := p.mustSwitchTo(file); !strings.Contains(r.stdout, "6 kept") {
		t.Errorf("a second switch says\n%s", r.stdout)
	}
	kept(t, before, p.observe(), "all", "less", "set", "daemon", "own", "foreign")
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
}

// What is refused, in words, before anything is built.
func TestCygrunsrvBadInput(t *testing.T) {
	t.Parallel()
	p := newCygrunsrv(t)
	for body, want := range map[string]string{
		`{ a = { pkg = create { name = "a"; }; }; }`:                   "process 'a': neither 'process'",
		`{ a = sleeper "a" { umask = "9"; }; }`:                        `process 'a': umask: "9" is not an octal number`,
		`{ a = sleeper "a" { nice = "x"; }; }`:                         `process 'a': nice: "x" is not a whole number`,
		`{ a = sleeper "a" { overrides.cygrunsrv.type = "never"; }; }`: `process 'a': type: "never" is neither auto nor manual`,
		`{ a = sleeper "a" { overrides.cygrunsrv.path = "sleep"; }; }`: `process 'a': path: "sleep" is not an absolute path`,
		`{ a = daemon "x" "true" [ ]; b = { pkg = create { name = "b"; daemon = "/x/-x"; }; }; c = { pkg = create { name = "c"; daemon = "/y/-x"; }; }; }`: "which the process 'b' has, too: give one of them a pidFile of its own",
	} {
		if r := p.switchTo(p.model("model.nix", body)); r.code != 65 || !strings.Contains(r.stderr, want) {
			t.Errorf("exit code %d, want %q:\n%s", r.code, want, r.stderr)
		}
	}
	if _, err := os.Stat(p.path("state")); err == nil {
		t.Error("the state directory was made")
	}
}
