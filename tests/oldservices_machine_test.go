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
	remain func() []string // what a deployment should not have left
	stays  string          // the number of the manager itself
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
`

// furnish leaves no account that Debian's packages made, so that the services'
// own are made, and makes what Debian's programs, unlike those of Nixpkgs, do
// not run without: their own places below /run. MariaDB of Debian also follows
// /etc/mysql, which sets its pid file.
const furnish = `
for user in mysql postgres influxdb ftp sshd redis tomcat messagebus; do
	userdel "$user" 2>/dev/null || :
	groupdel "$user" 2>/dev/null || :
done
rm -rf /etc/mysql
mkdir -p /run/sshd /run/vsftpd/empty
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
	if manager == "systemd" {
		m := systemdFor(d, false, "unshare", "--net", "--", "sh", "-c", `ip link set lo up; exec "$@"`, "sh")
		s.instance, s.asRoot = m.instance(), m.inside
		s.furnish()
		s.remain = func() []string {
			units := m.systemctl("list-units", "--all", "--plain", "--no-legend", "nix-process-*", "nixproc*").stdout
			return append(s.left(), strings.Fields(units)...)
		}
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
	s.remain = func() []string {
		var left []string
		for _, pid := range m.processes() {
			if strconv.Itoa(pid) != s.stays {
				left = append(left, fmt.Sprintf("%d %s", pid, read(t, "/proc", strconv.Itoa(pid), "comm")))
			}
		}
		return left
	}
	return s
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
	if r := s.asRoot("sh", "-ec", furnish); r.code != 0 {
		s.t.Fatal(r.stderr)
	}
}
