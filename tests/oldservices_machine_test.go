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

// serviceMachine is where services run that have fixed ports, and that expect
// the places of a whole machine: with a network, accounts, a /var, a /run and
// homes of its own. Paths have no blanks in them, which few services mind.
type serviceMachine struct {
	*instance
	c      managerCase
	asRoot func(args ...string) outcome
	remain func(but string) []string // what a deployment should not have left, without processes of a name
	stays  string                    // the number of the manager itself
}

// The user who deploys without any privilege.
const (
	deployer   = "npdeployer"
	deployerID = 42900
)

// ownPlaces hides the host's places behind empty ones. It follows privateEtc.
const ownPlaces = `
ip link set lo up
for dir in /var /run /home /root; do mount -t tmpfs -o mode=755 tmpfs "$dir"; done
mkdir /var/mail /var/log /var/tmp /var/lib
ln -s /run /var/run
if [ -d /nix ]; then mount -t tmpfs tmpfs /nix; fi
`

// furnish leaves no account that Debian's packages made, so that the services'
// own are made, and makes what is there on NixOS (/var/empty) and what Debian's
// programs, unlike those of Nixpkgs, do not run without: their own places below
// /run. MariaDB of Debian also follows /etc/mysql, which sets its pid file.
const furnish = `
for user in mysql postgres influxdb ftp sshd redis tomcat messagebus; do
	userdel "$user" 2>/dev/null || :
	groupdel "$user" 2>/dev/null || :
done
rm -rf /etc/mysql
mkdir -p /run/sshd /run/vsftpd/empty /var/empty
` + ownNumbers + `
groupadd -g 42900 npdeployer
useradd -u 42900 -g npdeployer -m -d /home/npdeployer -s /bin/sh npdeployer
`

// newServiceMachine starts a process manager in such a machine. Without
// privileges, all there is, the store too, belongs to the user who deploys.
func newServiceMachine(t *testing.T, manager string, privileged bool) *serviceMachine {
	t.Helper()
	needsRoot(t, "ip", "setpriv")
	store := newStore(t)
	if !privileged {
		store = newOwnStore(t, "sandbox = false")
	}
	d := newDeploymentIn(t, store)
	d.dir = filepath.Join(filepath.Dir(d.dir), "p")
	if err := os.Mkdir(d.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(managerCases, func(c managerCase) bool { return c.name == manager })
	s := &serviceMachine{c: managerCases[i]}
	s.c.sameUser = !privileged
	if manager == "systemd" && privileged {
		m := &systemdMachine{deployment: d, below: []string{"unshare", "--net", "--", "sh", "-c", `ip link set lo up; exec "$@"`, "sh"}}
		m.start()
		s.instance, s.asRoot, s.remain = m.instance(), m.inside, m.remain
		s.furnish()
		return s
	}
	binary := d.binary
	m := machineFor(d, privateEtc+ownPlaces, "--mount", "--net")
	s.asRoot = func(args ...string) outcome {
		return m.program("sh", append([]string{"-c", m.enter() + ` "$@"`, "sh"}, args...)...)
	}
	s.instance = m.instance(m.running)
	s.furnish()
	become := m.enter()
	if !privileged {
		become += fmt.Sprintf(" setpriv --reuid %d --regid %[1]d --clear-groups env USER=%[2]s LOGNAME=%[2]s HOME=/home/%[2]s", deployerID, deployer)
		s.give(filepath.Dir(d.dir), store.dir)
		s.binary = binary
		s.inside = func(args ...string) outcome {
			return m.program("sh", append([]string{"-c", become + ` "$@"`, "sh"}, args...)...)
		}
	}
	if manager == "supervisord" {
		p := supervisordFor(d)
		p.enter = become
		if !privileged {
			s.give(p.conf, p.sockets)
		}
		p.run()
		s.pid = d.daemonOr(p.number)
		s.stays = strings.TrimSpace(p.ctl("pid").stdout)
	}
	if manager == "systemd" {
		within := func(command string) []string { return []string{"sh", "-c", command + ` "$@"`, "sh"} }
		own := &systemdMachine{deployment: d, user: true, owner: deployerID, below: within(m.enter()), enter: within(become)}
		own.start()
		s.instance, s.remain = own.instance(), own.remain
		s.binary = binary
		s.c.command = []string{"systemd-switch", "--user"}
		return s
	}
	s.remain = func(but string) []string {
		var left []string
		for _, pid := range m.processes() {
			number := strconv.Itoa(pid)
			comm, _ := os.ReadFile("/proc/" + number + "/comm")
			if name := strings.TrimSpace(string(comm)); number != s.stays && name != "" && name != but {
				left = append(left, number+" "+name)
			}
		}
		return left
	}
	return s
}

// remain lists the units and the processes that are left.
func (m *systemdMachine) remain(string) []string {
	units := m.systemctl("list-units", "--all", "--plain", "--no-legend", "nix-process-*", "nixproc*").stdout
	return append(m.instance().left(), strings.Fields(units)...)
}

// give makes the user who deploys the owner of directories.
func (s *serviceMachine) give(dirs ...string) {
	s.t.Helper()
	for _, dir := range dirs {
		if r := s.asRoot("chown", "-R", deployer, dir); r.code != 0 {
			s.t.Fatal(r.stderr)
		}
	}
}

func (s *serviceMachine) furnish() {
	s.t.Helper()
	if r := s.asRoot("sh", "-ec", furnish, "sh", fmt.Sprint(firstNumber())); r.code != 0 {
		s.t.Fatal(r.stderr)
	}
}
