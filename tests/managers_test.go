package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// managerCase is a process manager that runs here, as the tests see it that are
// the same for all managers. Another one is another entry in managerCases.
type managerCase struct {
	name string
	// start begins a manager of the test's own, and skips where there is none.
	start func(t *testing.T) *instance
	// command is the beginning of a switch, after the name of the binary.
	command []string
	// refuses gives a part of the reason for which a model is refused with a
	// value as an argument, or in a variable; "" if the value has to arrive.
	refuses func(place, value string) string
	// sameUser is set where processes can't become other users.
	sameUser bool
	// needsDirectory is set where the working directory has to be there before
	// the initialization.
	needsDirectory bool
	// ownAccounts is set where a process has the accounts of its model and no
	// others, in files of its own.
	ownAccounts bool
}

// The places of a value.
const (
	asArgument = "args"
	inVariable = "environment"
)

// instance is a manager that runs for one test.
type instance struct {
	*deployment
	// keeps is a directory below the state directory that processes of the
	// manager itself mention, which stay; "" if there is none.
	keeps string
	// inside runs a program with the files that the manager sees, its accounts
	// among them.
	inside func(args ...string) outcome
	// pid gives the number, here, of what the manager runs for a process.
	pid func(name string) int
}

var managerCases = []managerCase{
	{
		name:    "disnix (stand-in)",
		start:   startDisnix,
		command: []string{"disnix-switch"},
		refuses: takesAll,
	},
	{
		name:        "docker",
		start:       func(t *testing.T) *instance { return newDocker(t).instance() },
		command:     []string{"docker-switch"},
		refuses:     takesAll,
		ownAccounts: true,
	},
	{
		name:        "podman",
		start:       func(t *testing.T) *instance { return newPodman(t).instance() },
		command:     []string{"docker-switch"},
		refuses:     takesAll,
		ownAccounts: true,
	},
	{
		name:    "s6-rc",
		start:   startS6rc,
		command: []string{"s6-rc-switch"},
		refuses: takesAll,
	},
	{
		name: "bsdrc",
		start: func(t *testing.T) *instance {
			m := newBSDMachine(t).machine
			return m.instance(m.running)
		},
		command: []string{"bsdrc-switch"},
		refuses: takesAll,
	},
	{
		name: "cygrunsrv",
		start: func(t *testing.T) *instance {
			needsRoot(t) // for a negative nice value
			p := newCygrunsrv(t)
			return p.instance(p.pid)
		},
		command: []string{"cygrunsrv-switch"},
		refuses: func(place, value string) string {
			switch {
			case place == asArgument && strings.Contains(value, "'") && strings.Contains(value, `"`) && (strings.Contains(value, " ") || strings.ContainsAny(value[:1], `'"`)):
				return "cygrunsrv can't take an argument with"
			case strings.Contains(value, "\n"):
				return "a params file has one argument a line"
			}
			return ""
		},
		sameUser: true,
	},
	{
		name: "launchd",
		start: func(t *testing.T) *instance {
			m := newMachine(t)
			p := launchdFor(m.deployment)
			p.enter = m.enter()
			p.run()
			return m.instance(m.daemonOr(p.pid))
		},
		command: []string{"launchd-switch"},
		refuses: func(_, value string) string {
			// Char in XML 1.0.
			if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }) {
				return "a plist can't hold the character"
			}
			return ""
		},
	},
	{
		name:    "supervisord",
		start:   startSupervisord,
		command: []string{"supervisord-switch"},
		refuses: func(place, value string) string {
			switch {
			case strings.Contains(value, "\r"):
				return "a configuration file of supervisord can't hold a carriage return"
			case place == asArgument:
				return ""
			case value != strings.Trim(value, `'"`):
				return "supervisord takes quotes off the ends of a value"
			case strings.Contains(value, "'") && strings.Contains(value, `"`):
				return "supervisord can't take a value with both kinds of quotes"
			}
			return ""
		},
	},
	{
		name:           "systemd",
		start:          func(t *testing.T) *instance { return startSystemd(t, false) },
		command:        []string{"systemd-switch"},
		refuses:        systemdRefuses,
		needsDirectory: true,
	},
	{
		name:           "systemd --user",
		start:          func(t *testing.T) *instance { return startSystemd(t, true) },
		command:        []string{"systemd-switch", "--user"},
		refuses:        systemdRefuses,
		sameUser:       true,
		needsDirectory: true,
	},
	{
		name:    "sysvinit",
		start:   startSysvinit,
		command: []string{"sysvinit-switch", "--runlevel=3"},
		refuses: takesAll,
	},
}

func takesAll(string, string) string { return "" }

func systemdRefuses(place, value string) string {
	control := func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r == 0x7f }
	if place == inVariable && strings.ContainsFunc(value, control) {
		return "which systemd does not let through"
	}
	return ""
}

// switchTo switches with the manager of the case.
func (i *instance) switchTo(c managerCase, args ...string) outcome {
	i.t.Helper()
	options := slices.Concat([]string{i.binary}, c.command, []string{"--host-packages", "--state-dir", i.path("state")})
	if c.sameUser {
		options = append(options, "--force-disable-user-change")
	}
	return i.inside(append(options, args...)...)
}

func (i *instance) mustSwitchTo(c managerCase, args ...string) {
	i.t.Helper()
	if r := i.switchTo(c, args...); r.code != 0 {
		i.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
}

// left are the processes that mention the state directory and should be gone.
func (i *instance) left() []string {
	return slices.DeleteFunc(mentions(i.t, i.path("state")), func(line string) bool {
		return i.keeps != "" && strings.Contains(line, i.path("state", i.keeps))
	})
}

// instance gives what runs in a machine; a command finds its way in by itself.
func (m *machine) instance(pid func(string) int) *instance {
	return &instance{
		deployment: m.deployment, pid: pid,
		inside: func(args ...string) outcome {
			if args[0] == m.binary {
				return m.nixproc(args[1:]...)
			}
			return m.program("sh", append([]string{"-c", m.enter() + ` "$@"`, "sh"}, args...)...)
		},
	}
}

// instance gives what runs among the machine's own processes, all as one user.
func (d *deployment) instance(pid func(string) int) *instance {
	return &instance{
		deployment: d, pid: d.daemonOr(pid),
		inside: func(args ...string) outcome { return d.program(args[0], args[1:]...) },
	}
}

func startSysvinit(t *testing.T) *instance {
	m := newMachine(t)
	needsRoot(t, "daemon", "su")
	return m.instance(m.running)
}

func startSupervisord(t *testing.T) *instance {
	m := newMachine(t)
	p := supervisordFor(m.deployment)
	p.enter = m.enter()
	p.run()
	return m.instance(m.daemonOr(p.number))
}

// daemonOr gives the number of a daemon, which is not what a manager of
// foreground processes runs for it, or else that of what the manager runs.
func (d *deployment) daemonOr(pid func(name string) int) func(name string) int {
	return func(name string) int {
		if daemon, _, alive := d.process(name); alive {
			return daemon
		}
		return pid(name)
	}
}

func startSystemd(t *testing.T, user bool) *instance {
	return newSystemdMachine(t, user).instance()
}

func (m *systemdMachine) instance() *instance {
	return &instance{deployment: m.deployment, inside: m.inside, pid: m.outside}
}

// outside gives the number that a unit's process has here.
func (m *systemdMachine) outside(name string) int {
	m.t.Helper()
	inner := strings.TrimSpace(m.systemctl("show", "--property=MainPID", "--value", "nix-process-"+name+".service").stdout)
	pid, err := strconv.Atoi(inner)
	if err != nil || pid == 0 {
		m.t.Fatalf("systemd has %q as the process of %s", inner, name)
	}
	if m.user {
		return pid
	}
	return numberHere(m.t, m.enter[2], inner)
}

// extraGroup makes a group that has users as members before there are any.
func (i *instance) extraGroup(id int, users ...string) {
	i.t.Helper()
	line := fmt.Sprintf("npextra:x:%d:%s", id, strings.Join(users, ","))
	if r := i.inside("sh", "-c", `echo "$1" >>/etc/group`, "sh", line); r.code != 0 {
		i.t.Fatalf("no group: %s", r.stderr)
	}
}

// numberHere gives the number that a process has here, by the one that it has in
// the namespace of another.
func numberHere(t *testing.T, other, inner string) int {
	t.Helper()
	namespace := func(pid string) string {
		link, _ := os.Readlink("/proc/" + pid + "/ns/pid")
		return link
	}
	files, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		here := filepath.Base(filepath.Dir(file))
		if namespace(here) != namespace(other) {
			continue
		}
		// NSpid in proc_pid_status(5): its numbers in all namespaces, ours first.
		outer, _ := strconv.Atoi(here)
		if numbers := status(t, outer, "NSpid"); numbers[len(numbers)-1] == inner {
			return outer
		}
	}
	t.Fatalf("there is no process %s beside process %s", inner, other)
	return 0
}
