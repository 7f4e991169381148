package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every command that README shows works as it stands there, in that order.
func TestCommandsInReadme(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	bin := d.path("bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(d.binary, filepath.Join(bin, "nixproc")); err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 2)
	d.write("processes.nix", fmt.Sprintf(`args: import %q (args // { ids = { webappPorts.webapp = %d; nginxPorts.nginx = %d; }; })`,
		example(t, "webapps-agnostic", "processes.nix"), ports[0], ports[1]))
	// The arguments are looked for in the model itself.
	d.write("processes.nix", strings.Replace(read(t, d.path("processes.nix")), "args:",
		"{ stateDir, processManager, forceDisableUserChange }@args:", 1))

	blocks := slices.DeleteFunc(codeBlocks(t, "../README.md"), func(block codeBlock) bool { return block.kind == "indented" })
	if len(blocks) < 6 {
		t.Fatalf("README has only %d blocks of commands", len(blocks))
	}
	d.env = append(d.env, "HOME="+d.dir, "PATH="+bin+":"+os.Getenv("PATH"))
	t.Cleanup(func() {
		d.program("sh", "-c", "nixproc sysvinit-switch --undeploy; cat var/run/*.pid var/tmp/*.pid 2>/dev/null | xargs -r kill -9; true")
	})
	// So that there is a generation to go back to.
	if r := d.program(d.binary, "sysvinit-switch", d.write("nothing.nix", "{ ... }: { }"), "--state-dir", d.path("var"), "--force-disable-user-change"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	for _, block := range blocks {
		if block.kind != "sh" {
			t.Fatalf("README has a block of the kind %q", block.kind)
		}
		if r := d.program("sh", "-euc", block.text); r.code != 0 {
			t.Fatalf("exit code %d\n%s\n%s%s", r.code, block.text, r.stdout, r.stderr)
		}
	}
	if left, _ := filepath.Glob(d.path("var", "*", "*.pid")); len(left) > 0 {
		t.Errorf("left behind: %s", left)
	}
}

// `make demo` and `make demo-stop` work from a checkout whose path has a space
// in it.
func TestDemo(t *testing.T) {
	t.Parallel()
	needsDemoPrograms(t)
	tree := filepath.Join(t.TempDir(), "my checkout")
	copyCheckout(t, tree)
	folder, err := ownDir("np")
	if err != nil {
		t.Fatal(err)
	}
	run := func(target string) (string, error) {
		cmd := exec.Command("make", target)
		cmd.Dir = tree
		cmd.Env = append(os.Environ(), "NIXPROC_DEMO_DIR="+folder+"/demo")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	t.Cleanup(func() {
		run("demo-stop")
		os.RemoveAll(folder)
	})
	out, err := run("demo")
	if err != nil {
		t.Fatalf("make demo: %v\n%s", err, out)
	}
	for _, part := range []string{"listening on port: 5000", "webapp   running", "nginx    running", "make demo-stop"} {
		if !strings.Contains(out, part) {
			t.Errorf("the demo does not print %q:\n%s", part, out)
		}
	}
	if out, err := run("demo-stop"); err != nil {
		t.Fatalf("make demo-stop: %v\n%s", err, out)
	}
	if _, err := os.Stat(folder + "/demo"); !os.IsNotExist(err) {
		t.Error("the demo left its folder behind")
	}
}

// needsDemoPrograms skips a test that would have to install what the demo, and
// the guide, need.
func needsDemoPrograms(t *testing.T) {
	t.Helper()
	for _, program := range []string{"make", "nix-instantiate", "daemon", "curl", "cc", "nginx"} {
		_, err := exec.LookPath(program)
		if err != nil { // only root has this on the PATH
			_, err = os.Stat("/usr/sbin/" + program)
		}
		if err != nil {
			t.Skipf("%s is not installed, and tests install nothing", program)
		}
	}
}

// copyCheckout copies what a program is built from, and what users import.
func copyCheckout(t *testing.T, tree string) {
	t.Helper()
	for _, part := range []string{"cmd", "lib", "nixeval", "nixproc", "examples", "webapp", "tools"} {
		copyTree(t, "../"+part, filepath.Join(tree, part))
	}
	for _, file := range []string{"Makefile", "go.mod", "go.sum"} {
		if err := os.WriteFile(filepath.Join(tree, file), []byte(read(t, "..", file)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
