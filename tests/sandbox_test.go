package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The profile's builder needs nothing but the store, so it runs in a sandbox
// as Nix makes it without any other setting.
func TestProfileInSandbox(t *testing.T) {
	t.Parallel()
	needsUnshare(t)
	needsRoot(t, "nix-build")
	s := newOwnStore(t, "sandbox = true", "sandbox-fallback = false")
	d := newDeploymentIn(t, s)
	sandboxHidesHost(t, s)

	// Nothing but the profile is built: what the scripts need is copied.
	model := d.write("model.nix", fmt.Sprintf(`{ stateDir, runtimeDir, logDir, tmpDir, forceDisableUserChange, processManager }:
let
  nixproc = %s;
  stdenv = { system = builtins.currentSystem; shell = "/bin/sh"; };
  createSystemVInitScript = import (nixproc + "/backends/sysvinit/create-sysvinit-script.nix") {
    inherit stdenv runtimeDir logDir tmpDir forceDisableUserChange;
    lib = null;
    writeTextFile = null;
    daemon = "/usr";
    createCredentials = import (nixproc + "/create-credentials") { inherit stdenv forceDisableUserChange; lib = null; };
    initFunctions = builtins.toFile "init-functions" (builtins.replaceStrings
      [ "@shell@" "@path@" "@runtimeDir@" ] [ stdenv.shell "/usr/bin:/bin" runtimeDir ]
      (builtins.readFile (nixproc + "/backends/sysvinit/init-functions.sh")));
  };
  message = builtins.toFile "message" "hello";
  sleeper = instanceName: dependencies: createSystemVInitScript {
    inherit instanceName dependencies;
    process = "/bin/sleep";
    processIsDaemon = false;
    args = [ 300 ];
    environment.MESSAGE = message;
    runlevels = [ 3 ];
  };
in
rec {
  one.pkg = sleeper "one" [ ];
  two.pkg = sleeper "two" [ one.pkg ];
}
`, absolute(t, "../nixproc")))
	needsRoot(t, "daemon")
	d.mustSwitchTo(model)
	for _, name := range []string{"one", "two"} {
		d.running(name)
	}
	profile := d.currentProfile()
	references := referencesOf(t, s, profile)
	var names []string
	for _, path := range references {
		names = append(names, path[strings.IndexByte(path, '-')+1:])
	}
	slices.Sort(names)
	if want := []string{"init-functions", "message"}; !slices.Equal(names, want) {
		t.Errorf("the profile refers to %q, want %q", names, want)
	}
	selfContained(t, s, profile)
	d.mustSwitchTo("--undeploy")
}

// With the host's programs in the sandbox the examples build in it too. What
// the profile needs is registered with it: a garbage collection leaves it.
func TestExampleInSandbox(t *testing.T) {
	t.Parallel()
	needsUnshare(t)
	needsRoot(t, "nginx", "daemon")
	var paths []string
	for _, path := range []string{"/usr", "/bin", "/lib", "/lib64", "/etc"} {
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		}
	}
	// The derivation would keep what it was built from.
	s := newOwnStore(t, "sandbox = true", "sandbox-fallback = false", "keep-derivations = false",
		"extra-sandbox-paths = "+strings.Join(paths, " "))
	d := newDeploymentIn(t, s)
	sandboxHidesHost(t, s)

	ports := freePorts(t, 2)
	d.mustSwitchTo("--host-packages", "--extra-params", fmt.Sprintf(
		"{ ids = { webappPorts.webapp = %d; nginxPorts.nginx = %d; }; }", ports[0], ports[1]),
		example(t, "webapps-agnostic", "processes.nix"))
	answers(t, ports[1], "webapp.local", ports[0])
	profile := d.currentProfile()
	binary := binaryInStore(t, s)
	selfContained(t, s, profile)

	// The generation is the only root that is left, beside what runs: stop
	// it, since a process keeps its program.
	if r := d.nixproc("sysvinit-runactivity", "--reverse", "stop"); r.code != 0 {
		t.Fatalf("stop: exit code %d\n%s", r.code, r.stderr)
	}
	references := referencesOf(t, s, profile)
	for _, suffix := range []string{"-webapp", "-nginx", "-nginx.conf", "-init-functions"} {
		if !slices.ContainsFunc(references, func(path string) bool { return strings.HasSuffix(path, suffix) }) {
			t.Errorf("no path …%s among the references %q", suffix, references)
		}
	}
	if slices.Contains(references, binary) || slices.Contains(references, profile) {
		t.Errorf("the profile refers to the command or to itself: %q", references)
	}
	closure, err := s.nix(nil, "nix-store", "--query", "--requisites", profile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.nix(nil, "nix-store", "--gc"); err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(closure) {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the profile needs %s, but it was collected", path)
		}
	}
	if _, err := os.Stat(binary); !os.IsNotExist(err) {
		t.Errorf("the command's copy is needed by nothing, but it stayed (%v)", err)
	}
	if r := d.nixproc("sysvinit-runactivity", "start"); r.code != 0 {
		t.Fatalf("start after a garbage collection: exit code %d\n%s", r.code, r.stderr)
	}
	answers(t, ports[1], "webapp.local", ports[0])
	d.mustSwitchTo("--undeploy")
	if left, err := filepath.Glob(d.path("state", "*", "*.pid")); err != nil || len(left) > 0 {
		t.Errorf("PID files are left: %q (%v)", left, err)
	}
}

// sandboxHidesHost makes sure that there is a sandbox: else the tests would
// show nothing.
func sandboxHidesHost(t *testing.T, s *nixStore) {
	t.Helper()
	hidden := filepath.Join(t.TempDir(), "hidden")
	if err := os.WriteFile(hidden, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	copyIt := fmt.Sprintf(`derivation { name = "hidden"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" %q ]; }`,
		fmt.Sprintf(`: <'%s' && : >"$out"`, hidden))
	if _, err := newStore(t).tryBuild(copyIt); err != nil {
		t.Fatalf("without a sandbox a builder should see the host: %v", err)
	}
	if _, err := s.tryBuild(copyIt); err == nil {
		t.Fatal("a builder sees the host, so there is no sandbox")
	}
}

func referencesOf(t *testing.T, s *nixStore, path string) []string {
	t.Helper()
	out, err := s.nix(nil, "nix-store", "--query", "--references", path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(out)
}
