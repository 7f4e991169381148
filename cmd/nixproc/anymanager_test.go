package main

import (
	"os"
	"strings"
	"testing"
)

// The commands for all managers say in one message what is missing or does not
// fit, before anything is looked at.
func TestManagerIsNeeded(t *testing.T) {
	t.Setenv("NIX_USER_PROFILE_DIR", t.TempDir())
	list := strings.Join(managers, ", ")
	for _, c := range []struct {
		environment string
		args        []string
		code        int
		message     string
	}{
		{"", []string{"switch", "x.nix"}, exitUsage, "no process manager was given: use -P with one of " + list},
		{"", []string{"plan", "x.nix"}, exitUsage, "use -P with one of " + list},
		{"", []string{"deploy", "x"}, exitUsage, "use -P with one of " + list},
		{"", []string{"build", "x.nix"}, exitUsage, "use -P with one of " + list},
		{"", []string{"generate-config", "x.json"}, exitUsage, "use -P with one of " + list},
		{"", []string{"switch", "-P", "upstart", "x.nix"}, exitUsage, "there is no process manager 'upstart' here: use " + list},
		{"upstart", []string{"plan", "x.nix"}, exitUsage, "there is no process manager 'upstart' here"},
		{"upstart", []string{"plan", "--process=s6-rc", "nonsuch.nix"}, exitModel, "nonsuch.nix does not exist"},
		{"systemd", []string{"plan", "nonsuch.nix"}, exitModel, "nonsuch.nix does not exist"},
		{"", []string{"switch", "-Psystemd", "--runlevel=3", "x.nix"}, exitUsage, "--runlevel is an option of sysvinit, not of systemd"},
		{"", []string{"deploy", "-P", "sysvinit", "--user", "x"}, exitUsage, "--user is an option of systemd, not of sysvinit"},
		{"", []string{"rollback", "-P", "docker", "--enable-at"}, exitUsage, "--enable-at-boot is an option of bsdrc, not of docker"},
		{"", []string{"undeploy"}, exitUndone, "nothing is deployed in the profile"},
		{"", []string{"switch", "--undep"}, exitUndone, "name the process manager with -P"},
		{"", []string{"generations", "-P", "bsdrc", "switch"}, exitUsage, "generations: say list, switch NUMBER"},
		// D1: an empty number must not become another operation.
		{"", []string{"generations", "-P", "bsdrc", "switch", ""}, exitUsage, "generations: say list"},
		{"", []string{"generations", "-P", "bsdrc", "delete", ""}, exitUsage, "generations: say list"},
		{"", []string{"generations", "-P", "bsdrc", "delete", "soon"}, exitUsage, "generations: say list"},
		{"", []string{"undeploy", "-P", "bsdrc", "x.nix"}, exitUsage, "undeploy takes no operands"},
		{"", []string{"rollback", "-P", "bsdrc", "2"}, exitUsage, "generations switch goes to any generation"},
		{"", []string{"plan", "-P", "bsdrc", "--list-generations"}, exitUsage, "unknown option --list-generations"},
		{"", []string{"switch", "-P", "bsdrc", "--dry-run", "--delete-generations=old"}, exitUsage, "--delete-generations and --dry-run can't go together"},
	} {
		t.Setenv("NIXPROC_PROCESS_MANAGER", c.environment)
		message, code := stderrOf(t, append([]string{"nixproc"}, c.args...))
		if code != c.code || !strings.Contains(message, c.message) {
			t.Errorf("%q: exit code %d, want %d, with %q in\n%s", c.args, code, c.code, c.message, message)
		}
	}
}

// stderrOf runs the program in this process and gives what it complained of.
func stderrOf(t *testing.T, args []string) (string, int) {
	t.Helper()
	return captured(t, &os.Stderr, args)
}
