//go:build portme

package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// What the model says of a process is what the process has under cygrunsrv, in
// both forms; what its params file, or cygrunsrv, can't hold is refused before
// anything is built (D9, D30). There are no users of our own there.
func TestCygrunsrvProcessGetsWhatItsModelSays(t *testing.T) {
	t.Parallel()
	needsRoot(t) // for a negative nice value
	p := newCygrunsrv(t)
	asJSON := func(name string, value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return p.write(name, string(data))
	}
	model := p.write("model.nix", `args@{ pkgs, stateDir, runtimeDir, logDir, tmpDir, forceDisableUserChange, processManager, environmentFile, argsFile, nixproc }:
{ inherit (import (/. + `+nixString(example(t, "..", "tests", "probe", "processes.nix"))+`) args) npforegroundroot npdaemonroot; }`)
	args := func(environment map[string]any, arguments []string) []string {
		return []string{"--extra-params", fmt.Sprintf(`{ environmentFile = %q; argsFile = %q; nixproc = %s; }`,
			asJSON("environment.json", environment), asJSON("arguments.json", arguments), absolute(t, "../nixproc")), model}
	}
	for _, refused := range []struct {
		environment map[string]any
		arguments   []string
		want        string
	}{
		{map[string]any{"LINES": "a\nb"}, []string{}, "env: a params file has one argument a line"},
		{map[string]any{"A=B": ""}, []string{}, `environment: "A=B" can't be the name of a variable`},
		{map[string]any{}, []string{"a\nb"}, "args: a params file has one argument a line"},
		{map[string]any{}, []string{`it's "so"`}, "args: \"it's \\\"so\\\"\": cygrunsrv can't take an argument with"},
	} {
		r := p.switchTo(args(refused.environment, refused.arguments)...)
		if r.code != 65 || !strings.Contains(r.stderr, refused.want) || !strings.Contains(r.stderr, "process 'np") {
			t.Errorf("want %q: exit code %d\n%s", refused.want, r.code, r.stderr)
		}
	}
	arguments := []string{"", "-n", "--", "it's", "it's so", `say "so"`, `a'b"c`, "<&>;#", "\ttab\r", "trailing ", strings.Repeat("10 kB; ", 1500)}
	values := maps.Clone(hardValues)
	delete(values, "NEWLINE")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name != "QUOTES" {
			arguments = append(arguments, strings.ReplaceAll(text(values[name]), "'", ""))
		}
	}
	values["LONG"] = strings.Repeat("10 kB; ", 1500)
	p.mustSwitchTo(args(values, arguments)...)
	m := &machine{deployment: p.deployment}
	for _, one := range []probed{
		{name: "npforegroundroot", form: "foreground", nice: 7, find: p.pid}, {name: "npdaemonroot", form: "daemon", nice: -4},
	} {
		one.values = values
		t.Run(one.name, func(t *testing.T) { one.check(t, m, arguments) })
	}
	// One whose proxy was killed does not get a twin.
	orphan := p.running("npdaemonroot")
	if err := syscall.Kill(p.pid("npdaemonroot"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "that the service has ended", func() bool { return p.observe()["npdaemonroot"] == "" })
	if r := p.mustSwitchTo(args(values, arguments)...); !strings.Contains(r.stdout, "1 started, 1 kept") {
		t.Errorf("a second switch says\n%s", r.stdout)
	}
	gone(t, orphan)
	p.mustSwitchTo("--undeploy")
	p.runsExactly()
	if left := mentions(t, p.path("state")); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
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
