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

// oldNames are the commands of each attribute of tools/default.nix, and the name
// of its package: a user's environment takes a package of the same name for an
// older version.
var oldNames = map[string]struct {
	pkg      string
	commands []string
}{
	"common":          {"nixproc-common-tools", []string{"nixproc-build", "nixproc-init-state"}},
	"bsdrc":           {"nixproc-bsdrc-tools", []string{"nixproc-bsdrc-switch", "nixproc-bsdrc-deploy", "nixproc-bsdrc-runactivity"}},
	"s6-rc":           {"nixproc-s6-rc-tools", []string{"nixproc-s6-rc-switch", "nixproc-s6-rc-deploy", "nixproc-s6-svscan"}},
	"docker":          {"nixproc-docker-tools", []string{"nixproc-docker-switch", "nixproc-docker-deploy"}},
	"cygrunsrv":       {"nixproc-cygrunsrv-tools", []string{"nixproc-cygrunsrv-switch", "nixproc-cygrunsrv-deploy"}},
	"launchd":         {"nixproc-launchd-tools", []string{"nixproc-launchd-switch", "nixproc-launchd-deploy"}},
	"disnix":          {"nixproc-disnix-tools", []string{"nixproc-disnix-switch", "nixproc-disnix-deploy"}},
	"generate-config": {"nixproc-generate-config", []string{"nixproc-generate-config"}},
	"idassign":        {"nixproc-id-assign", []string{"nixproc-id-assign"}},
	"supervisord":     {"nixproc-supervisord-tools", []string{"nixproc-supervisord-switch", "nixproc-supervisord-deploy", "nixproc-supervisord-deploy-stateless"}},
	"sysvinit":        {"nixproc-sysvinit-tools", []string{"nixproc-sysvinit-switch", "nixproc-sysvinit-deploy", "nixproc-sysvinit-runactivity"}},
	"systemd":         {"nixproc-systemd-tools", []string{"nixproc-systemd-switch", "nixproc-systemd-deploy"}},
	"chainload-user":  {"nixproc-chainload-user-1", []string{"nixproc-chainload-user"}},
}

// goSettings let builders use the modules that are on this machine.
func goSettings(t *testing.T) []string {
	t.Helper()
	return []string{"GOMODCACHE=" + goEnv(t, "GOMODCACHE"), "GOFLAGS=-mod=mod", "GOPROXY=" + goEnv(t, "GOPROXY")}
}

// nix-env installs all attributes side by side, and what it has installed
// deploys; tools/M/default.nix, which people import, gives the same packages.
func TestInstalledByNixEnv(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.env = append(d.env, goSettings(t)...)
	tools := absolutePath(t, "../tools")
	environment := d.path("environment")
	file := filepath.Join(tools, "default.nix")
	nixEnv := func(args ...string) string {
		t.Helper()
		r := d.program("nix-env", append([]string{"-p", environment, "-f", file}, args...)...)
		if r.code != 0 {
			t.Fatalf("nix-env %q: exit code %d\n%s", args, r.code, r.stderr)
		}
		return r.stdout
	}
	// Where the older tools are at hand, they are installed before: ours take
	// their place.
	if old := os.Getenv(oldFramework); old != "" {
		file = filepath.Join(old, "tools/default.nix")
		nixEnv("-iA", "common", "sysvinit", "idassign", "generate-config")
		file = filepath.Join(tools, "default.nix")
		nixEnv("-iA", "idassign", "generate-config")
		nixEnv("-e", "nixproc-id-assign", "nixproc-generate-config")
	}
	nixEnv("-iA", "common", "sysvinit")
	d.installed(environment, slices.Concat(oldNames["common"].commands, oldNames["sysvinit"].commands)...)

	model := d.model("model.nix", `{ a = sleeper "a" { }; }`)
	options := []string{"--runlevel=3", "--state-dir", d.path("state"), "--force-disable-user-change"}
	if r := d.program(environment+"/bin/nixproc-sysvinit-switch", append(options, "--host-packages", model)...); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	runs(t, d.observe(), "a")
	if r := d.program(environment+"/bin/nixproc-sysvinit-switch", append(options, "--undeploy")...); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}

	var commands, attributes, packages []string
	for attribute, of := range oldNames {
		attributes, commands, packages = append(attributes, attribute), append(commands, of.commands...), append(packages, of.pkg)
	}
	nixEnv(append([]string{"-iA", "nixproc"}, attributes...)...)
	d.installed(environment, commands...)
	slices.Sort(packages)
	if got, want := strings.Fields(nixEnv("-q")), append(packages, "nixproc-0.1.0"); !sameWords(got, want) {
		t.Errorf("the packages are %q, want %q", got, want)
	}
	if os.Getuid() == 0 {
		if r := d.program(environment+"/bin/nixproc-chainload-user", "root", "sh", "-c", "id -u; id -g"); r.code != 0 || r.stdout != "0\n0\n" {
			t.Errorf("nixproc-chainload-user: exit code %d, %s%s", r.code, r.stdout, r.stderr)
		}
	}
	nixEnv("-e", "nixproc-sysvinit-tools")
	for command, there := range map[string]bool{"nixproc-sysvinit-switch": false, "nixproc-systemd-switch": true, "nixproc": true} {
		if _, err := os.Stat(filepath.Join(environment, "bin", command)); (err == nil) != there {
			t.Errorf("without the package of sysvinit, %s is there: %v", command, err == nil)
		}
	}

	for attribute := range oldNames {
		arguments := "{ inherit (pkgs) stdenv getopt; }"
		if attribute == "chainload-user" {
			arguments = "{ inherit (pkgs) stdenv; }"
		}
		if same := d.store.eval(t, fmt.Sprintf("(import (/. + %s) %s).drvPath == (import (/. + %s) { }).%s.drvPath",
			nixString(filepath.Join(tools, attribute)), arguments, nixString(tools), attribute)); same != "true" {
			t.Errorf("tools/%s gives another package than tools", attribute)
		}
	}
}

func sameWords(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// installed checks what stands below a directory: these commands, each of which
// knows who it is, with manual pages and completion for it.
func (d *deployment) installed(dir string, commands ...string) {
	d.t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "bin"))
	if err != nil {
		d.t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if want := append([]string{"nixproc", "nixproc-init"}, commands...); !sameWords(got, want) {
		d.t.Errorf("installed are\n%q, want\n%q", got, want)
	}
	for _, command := range append([]string{"nixproc"}, commands...) {
		if command == "nixproc-chainload-user" {
			continue // its own program
		}
		help, err := exec.Command(filepath.Join(dir, "bin", command), "--help").Output()
		if name := strings.TrimPrefix(command, "nixproc-"); err != nil || name != command && !strings.HasPrefix(string(help), "Usage: nixproc "+name+" ") {
			d.t.Errorf("%s --help: %v\n%s", command, err, help)
		}
		for file, want := range map[string]string{
			"man/man1/" + command + ".1":                     ".TH " + strings.ReplaceAll(strings.ToUpper(command), "-", `\-`) + " 1 ",
			"bash-completion/completions/" + command:         "complete -F _nixproc nixproc ",
			"fish/vendor_completions.d/" + command + ".fish": "complete --command $command",
			"zsh/site-functions/_nixproc":                    "#compdef nixproc -P nixproc-*",
		} {
			if !strings.Contains(read(d.t, dir, "share", file), want) {
				d.t.Errorf("%s has no %q", file, want)
			}
		}
	}
}

// make install does the same without Nix, also below another root.
func TestMakeInstall(t *testing.T) {
	t.Parallel()
	needs(t, "make", "install")
	d := newDeployment(t)
	tree := d.path("tree")
	copyTracked(t, tree)
	var commands []string
	for _, of := range oldNames {
		commands = append(commands, of.commands...)
	}
	d.env = append(d.env, "GOFLAGS=-mod=mod", "GOMODCACHE="+goEnv(t, "GOMODCACHE"))
	r := d.program("make", "-C", tree, "install", "DESTDIR="+d.path("root"), "PREFIX=/opt/np")
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	d.installed(d.path("root/opt/np"), commands...)
	if entries, err := os.ReadDir(d.path("root")); err != nil || len(entries) != 1 {
		t.Errorf("there is more than opt: %v, %v", entries, err)
	}
}
