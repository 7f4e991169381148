package tests

import (
	"strings"
	"testing"
)

// A package in which there is nothing for the process manager is told, and nothing
// is deployed if that was all, or a process for another one. Accounts alone may be
// meant, and what only other processes need.
func TestPackagesWithoutProcess(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	const nothing, ofMany = "there is nothing for sysvinit to run in the package of process ", "there is nothing for sysvinit to run in the packages of processes "
	credentials := "acc.pkg = " + credentialsPackage(t, `groups.g = { }; users.u.group = "g";`) + "; "
	unit := `web.pkg = pkgs.runCommand "web" { } "mkdir -p $out/etc/systemd/system; echo >$out/etc/systemd/system/web.service";`
	for _, c := range []struct {
		model string
		code  int
		says  []string
	}{
		{`tool.pkg = pkgs.gnused;`, 65, []string{nothing + "'tool'\n", "'tool' is for no process manager: createManagedProcess makes a process of a program"}},
		{`tool.pkg = pkgs.gnused; ` + unit, 65, []string{ofMany + "'tool', 'web'\n", "'web' is for systemd (-P systemd)"}},
		{`a = sleeper "a" { }; ` + unit, 65, []string{nothing + "'web'\n"}},
		{`a = sleeper "a" { }; tool.pkg = pkgs.gnused;`, 0, []string{"warning: the processes model ", nothing + "'tool'\n"}},
		{`a = sleeper "a" { }; file.pkg = pkgs.writeText "justfile" "x"; text.pkg = builtins.toFile "text" "x";`, 65, []string{"process 'file' has the file ", "-justfile as 'pkg'", "process 'text' has the file "}},
		{`a = sleeper "a" { }; drv.pkg = pkgs.gnused.drvPath;`, 65, []string{"process 'drv' has the file "}},
		{`accounts.pkg = pkgs.runCommand "accounts" { } "mkdir -p $out/dysnomia-support/groups";`, 0, nil},
		{credentials, 0, nil},
		{credentials + `a = sleeper "a" { };`, 0, nil},
		{credentials + `tool.pkg = pkgs.gnused;`, 0, []string{"warning: the processes model ", nothing + "'tool'\n"}},
	} {
		for _, command := range []string{"build", "switch"} {
			args := []string{command, "-P", "sysvinit", "--force-disable-user-change", d.model("model.nix", "{ "+c.model+" }")}
			if command == "build" {
				args = append(args, "--no-out-link")
			}
			r := d.nixproc(args...)
			for _, want := range c.says {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("%s %s: nothing says %q:\n%s", command, c.model, want, r.stderr)
				}
			}
			if r.code != c.code || c.says == nil && strings.Contains(r.stderr, "nothing for") || c.code != 0 && r.stdout != "" {
				t.Errorf("%s %s: exit code %d, want %d\n%s%s", command, c.model, r.code, c.code, r.stdout, r.stderr)
			}
		}
	}
}

// credentialsPackage is an expression of what createCredentials makes of the accounts.
func credentialsPackage(t *testing.T, accounts string) string {
	return "import " + frameworkOf(t, "create-credentials") + " { inherit (pkgs) stdenv lib; inherit forceDisableUserChange; } { " + accounts + " }"
}
