package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// storedBinary is the command's path in the shared store.
var storedBinary = sync.OnceValues(func() (string, error) {
	binary, err := builtBinary()
	if err != nil {
		return "", err
	}
	return madeStore.nix(nil, "nix-store", "--add", binary)
})

// frameworkOf is a Nix expression for the path of a file below nixproc/.
func frameworkOf(t *testing.T, file string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../nixproc", file))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("(/. + %q)", path)
}

// evalWith evaluates an expression in which `create manager` is createManagedProcess
// for a process manager, and `script` is createSystemVInitScript.
func evalWith(t *testing.T, build bool, expr string) string {
	t.Helper()
	s := newStore(t)
	binary, err := storedBinary()
	if err != nil {
		t.Fatal(err)
	}
	prelude := fmt.Sprintf(`let
		pkgs = import <nixpkgs> {};
		create = processManager: import %s {
			inherit pkgs processManager;
			stateDir = "/var"; runtimeDir = "/var/run"; logDir = "/var/log"; tmpDir = "/tmp";
			ids = { uids.webapp = 2001; gids.webapp = 2002; };
		};
		script = import %s {
			inherit (pkgs) stdenv lib writeTextFile;
			daemon = "/nix/daemon";
			initFunctions = "/nix/functions";
			createCredentials = import %s { inherit (pkgs) stdenv lib; forceDisableUserChange = false; };
		};
		in `,
		frameworkOf(t, "create-managed-process/universal/create-managed-process-universal.nix"),
		frameworkOf(t, "backends/sysvinit/create-sysvinit-script.nix"),
		frameworkOf(t, "create-credentials"))
	args := []string{"--eval", "--strict", "--json", "-E", prelude + expr}
	program := "nix-instantiate"
	if build {
		program, args = "nix-build", []string{"--no-out-link", "-E", prelude + expr}
	}
	out, err := s.nix([]string{"NIXPROC_BUILDER=" + binary}, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The specification is plain data, whatever people put into a process.
func TestSpecificationIsData(t *testing.T) {
	t.Parallel()
	var spec struct {
		Name         string   `json:"name"`
		Dependencies []string `json:"dependencies"`
		Credentials  struct {
			Groups, Users map[string]map[string]string
		} `json:"credentials"`
		Parameters struct {
			Args, Runlevels []string
			Environment     map[string]string
			Process, Nice   string
			ProcessIsDaemon bool
			User            *string
		} `json:"parameters"`
	}
	out := evalWith(t, false, `(create "sysvinit" {
		name = "webapp"; instanceName = "webapp"; process = "/bin/webapp"; user = "webapp"; nice = 5;
		args = [ "-p" 5000 pkgs.hello-like or "x" 1.5 ];
		daemonExtraArgs = [ "-D" ];
		foregroundProcessExtraArgs = [ "-F" ];
		environment = { PORT = 5000; YES = true; NO = false; NOTHING = null; LIST = [ 1 "b" ]; };
		dependencies = [ ((create "sysvinit") { name = "database"; process = "/bin/db"; }) { pkg = (create "sysvinit") { name = "cache"; process = "/bin/cache"; }; } ];
		credentials = { groups.webapp = { }; users.webapp = { group = "webapp"; createHomeDir = true; homeDir = "/home/webapp"; }; };
		overrides.sysvinit.runlevels = [ 3 4 5 ];
	}).nixproc`)
	if err := json.Unmarshal([]byte(out), &spec); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	p := spec.Parameters
	if spec.Name != "webapp" || !slices.Equal(spec.Dependencies, []string{"database", "cache"}) || p.Nice != "5" || !p.ProcessIsDaemon || p.User == nil ||
		!slices.Equal(p.Args, []string{"-p", "5000", "x", "1.500000", "-D"}) || !slices.Equal(p.Runlevels, []string{"3", "4", "5"}) {
		t.Errorf("%+v", spec)
	}
	if e := p.Environment; e["PORT"] != "5000" || e["YES"] != "1" || e["NO"] != "" || e["NOTHING"] != "" || e["LIST"] != "1 b" {
		t.Errorf("environment %v", e)
	}
	if c := spec.Credentials; c.Groups["webapp"]["gid"] != "2002" || c.Users["webapp"]["uid"] != "2001" || c.Users["webapp"]["createHomeDir"] != "1" {
		t.Errorf("credentials %v", c)
	}
}

// A function, or a set, where text is due is refused with the names of the
// process and of the attribute.
func TestValuesThatAreNoTextAreNamed(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for call, want := range map[string]string{
		`set "environment" { A = x: x; }`: "process 'x': attribute 'environment.A' is a function",
		`text "description" { }`:          "process 'x': attribute 'description' is a set",
		`list "args" "a b"`:               "process 'x': attribute 'args' is a string",
		`set "environment" [ ]`:           "process 'x': attribute 'environment' is a list",
	} {
		_, err := s.nix(nil, "nix-instantiate", "--eval", "--strict", "-E",
			fmt.Sprintf(`(import %s "x").%s`, frameworkOf(t, "process/data.nix"), call))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

// Without any command, a package builds to its part of a profile.
func TestPackageBuildsByItself(t *testing.T) {
	t.Parallel()
	out := evalWith(t, true, `script {
		name = "webapp"; process = "/bin/webapp"; runlevels = [ 3 ];
		credentials.users.webapp = { description = "it's `+"`id`"+` $HOME"; };
		dependencies = [ (script { name = "database"; process = "/bin/db"; }) ];
	}`)
	if _, err := os.Stat(filepath.Join(out, "etc/rc.d/init.d/webapp")); err != nil {
		t.Error(err)
	}
	if user := read(t, out, "dysnomia-support/users/webapp"); !strings.Contains(user, `description='it'\''s `+"`id`"+` $HOME'`) {
		t.Error(user)
	}
	sequence := evalWith(t, false, `(script { name = "a"; dependencies = [ (script { name = "b"; dependencies = [ (script { name = "c"; }) ]; }) ]; }).sequence`)
	if sequence != "2" {
		t.Errorf("the sequence number is %s, want 2", sequence)
	}
}

func TestPackagesCanBeOverridden(t *testing.T) {
	t.Parallel()
	out := evalWith(t, true, `(script { name = "webapp"; process = "/bin/webapp"; runlevels = [ 3 ]; }).overrideAttrs (old: {
		buildCommand = old.buildCommand + "echo more > $out/more";
	})`)
	if read(t, out, "more") != "more\n" || !strings.Contains(read(t, out, "etc/rc.d/init.d/webapp"), "/bin/webapp") {
		t.Error("the changed package lacks something")
	}
}

// D42: an agnostic configuration holds all properties, and leaves functions out.
func TestAgnosticConfiguration(t *testing.T) {
	t.Parallel()
	out := evalWith(t, true, `create null {
		instanceName = "webapp"; process = "/bin/webapp"; environment.PORT = 5000; initialize = "echo \"<&>\"";
		overrides = { sysvinit.runlevels = [ 3 ]; systemd = args: args; };
	}`)
	config := read(t, out, "webapp.json")
	var got map[string]any
	if err := json.Unmarshal([]byte(config), &got); err != nil {
		t.Fatal(err)
	}
	if got["instanceName"] != "webapp" || !strings.Contains(config, `<&>`) || !strings.Contains(config, "5000") || strings.Contains(config, "systemd") || !strings.Contains(config, "runlevels") {
		t.Error(config)
	}
}

// The paths and arguments of older checkouts.
func TestOlderPaths(t *testing.T) {
	t.Parallel()
	out := evalWith(t, false, fmt.Sprintf(`let old = import %s { inherit pkgs; runtimeDir = "/srv/x/run"; tmpDir = "/srv/x/tmp"; forceDisableUserChange = true; processManager = "sysvinit"; }; in
		(old { name = "webapp"; foregroundProcess = "/bin/webapp"; }).nixprocSettings.value.logDir`,
		frameworkOf(t, "create-managed-process/agnostic/create-managed-process-universal.nix")))
	if out != `"/srv/x/log"` {
		t.Errorf("the log directory is %s", out)
	}
	for _, file := range []string{"create-sysvinit-script", "generate-sysvinit-script", "init-functions", "build-sysvinit-env"} {
		out := evalWith(t, false, fmt.Sprintf(`builtins.functionArgs (import %s) == builtins.functionArgs (import %s)`,
			frameworkOf(t, "create-managed-process/sysvinit/"+file+".nix"), frameworkOf(t, "backends/sysvinit/"+file+".nix")))
		if out != "true" {
			t.Errorf("%s has other arguments at its old path", file)
		}
	}
}

// A package that is built on its own knows its place in the order, also after
// its user has changed it.
func TestPackagesOnTheirOwnAreInOrder(t *testing.T) {
	t.Parallel()
	const chain = `let
		db = script { name = "db"; process = "/bin/db"; runlevels = [ 3 ]; };
		app = (script { name = "app"; process = "/bin/app"; runlevels = [ 3 ]; dependencies = [ db ]; }).overrideAttrs (old: { extra = "x"; });
		web = script { name = "web"; process = "/bin/web"; runlevels = [ 3 ]; dependencies = [ app ]; postInstall = "echo more > $out/more"; };
		in `
	for name, link := range map[string]string{"db": "S00db", "app": "S01app", "web": "S02web"} {
		out := evalWith(t, true, chain+name)
		if _, err := os.Lstat(filepath.Join(out, "etc/rc.d/rc3.d", link)); err != nil {
			t.Error(err)
		}
	}
	for manager, file := range map[string]string{"supervisord": "conf.d/web.conf", "docker": "02-web-docker-priority"} {
		out := evalWith(t, true, fmt.Sprintf(`create %q {
			name = "web"; process = "/bin/web"; dependencies = [ (create %[1]q { name = "db"; process = "/bin/db"; }) ];
		}`, manager))
		if text := read(t, out, file); manager == "supervisord" && !strings.Contains(text, "\npriority=2\n") {
			t.Error(text)
		}
	}
}

// Like the original, a profile takes packages that are no processes, and store
// paths; and a profile that is built by hand keeps to the given pkgs and to the
// model's own defaults.
func TestProfilesByHand(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	binary, err := storedBinary()
	if err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(t.TempDir(), "model.nix")
	text := fmt.Sprintf(`{ pkgs, processManager, stateDir, runtimeDir, logDir, tmpDir, forceDisableUserChange, callingUser ? "nobody in particular" }:
let
	create = import %s { inherit pkgs processManager stateDir runtimeDir logDir tmpDir forceDisableUserChange; };
	credentials = import %s { inherit (pkgs) stdenv lib; inherit forceDisableUserChange; };
in {
	webapp.pkg = create { name = "webapp"; process = "/bin/webapp"; description = callingUser; overrides.sysvinit.runlevels = [ 3 ]; };
	documents.pkg = pkgs.writeTextFile { name = "documents"; destination = "/share/doc/x"; text = "hi"; };
	path.pkg = "${pkgs.writeTextFile { name = "path"; destination = "/share/doc/y"; text = "hi"; }}";
	accounts.pkg = credentials { groups.staff2 = { }; };
	first.pkg = pkgs.runCommand "svc" { } "mkdir -p $out/etc/rc.d/init.d; echo 1 > $out/etc/rc.d/init.d/aa";
	second.pkg = pkgs.runCommand "svc" { } "mkdir -p $out/etc/rc.d/init.d; echo 2 > $out/etc/rc.d/init.d/bb";
}`, frameworkOf(t, "create-managed-process/universal/create-managed-process-universal.nix"), frameworkOf(t, "create-credentials"))
	if err := os.WriteFile(model, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := s.nix([]string{"NIXPROC_BUILDER=" + binary, "NIX_PATH="}, "nix-build", "--no-out-link", "-E",
		fmt.Sprintf(`import %s { exprFile = %q; pkgs = import %s { }; }`, frameworkOf(t, "backends/sysvinit/build-sysvinit-env.nix"), model, frameworkOf(t, "hostpkgs")))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"share/doc/x", "share/doc/y", "dysnomia-support/groups/staff2", "etc/rc.d/init.d/aa", "etc/rc.d/init.d/bb", "etc/rc.d/rc3.d/S00webapp"} {
		if _, err := os.Stat(filepath.Join(out, file)); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(read(t, out, "etc/rc.d/init.d/webapp"), "nobody in particular") {
		t.Error("the model's own default for callingUser does not hold")
	}
}

func TestDysnomiaTypes(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	out, err := s.nix(nil, "nix-instantiate", "--eval", "--strict", "--json", "-E",
		fmt.Sprintf(`map (processManager: import %s { inherit processManager; }) [ null "sysvinit" "s6-rc" ]`, frameworkOf(t, "derive-dysnomia-process-type.nix")))
	if err != nil || out != `["managed-process","sysvinit-script","s6-rc-service"]` {
		t.Errorf("%s, %v", out, err)
	}
}

// shellOf the packages that the tests use.
func shellOf(t *testing.T) string {
	t.Helper()
	return strings.Trim(evalWith(t, false, `"${pkgs.stdenv.shell}"`), `"`)
}
