package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exampleLine is a call of the program, with what may stand in front of it.
var exampleLine = regexp.MustCompile(`^  (?:[A-Z_]+=\S+ |sudo |ssh server )?nixproc (\S+) ?(.*?)(?: &)?$`)

// Each help has an example of its own command, and says how it ends; each example
// in it is a command line that is accepted.
func TestExamplesInHelp(t *testing.T) {
	all := commands()
	for name, command := range all {
		own := false
		text := strings.ReplaceAll(command.help(), "\\\n", "")
		for line := range strings.Lines(text) {
			match := exampleLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if match == nil {
				continue
			}
			other, ok := all[match[1]]
			if !ok {
				t.Errorf("%s: an example of no command: %s", name, line)
				continue
			}
			own = own || match[1] == name
			args := strings.Fields(match[2])
			if other.leads {
				args, _ = lead(args)
			}
			o, operands, err := parse(match[1], other.set, args)
			if err == nil && (other.set.generation || other.set.goBack) {
				err = onlyOneOperation(o, operands)
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, line)
			}
		}
		if !own || !strings.Contains(text, "\nExample") {
			t.Errorf("%s has no example of itself", name)
		}
		if !strings.Contains(text, "\nExit codes:") {
			t.Errorf("%s does not say how it ends", name)
		}
	}
}

// The help of a manager's command speaks of no other one, nor of its variables.
func TestHelpIsOfOneManager(t *testing.T) {
	words := map[string][]string{
		"bsdrc": {"BSDRC_", "rc.conf", " rc scripts"}, "cygrunsrv": {"cygrunsrv", "Windows"}, "disnix": {"DISNIX_", "Disnix"},
		"docker": {"DOCKER", "Docker"}, "launchd": {"LAUNCHD_", "launchd"}, "s6-rc": {"s6-"},
		"supervisord": {"SUPERVISORD_", "supervisord"}, "systemd": {"SYSTEMD_", "systemd"}, "sysvinit": {"sysvinit", "runlevel"},
	}
	for name, command := range commands() {
		i := slices.IndexFunc(managers, func(manager string) bool { return strings.HasPrefix(name, manager+"-") })
		if i < 0 {
			continue
		}
		for manager, signs := range words {
			mentions := slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(command.help(), sign) })
			if mentions != (manager == managers[i]) {
				t.Errorf("%s: it speaks of %s: %v", name, manager, mentions)
			}
		}
	}
}
