package tests

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// bsdMachine is a machine with stand-ins for what rc scripts need of FreeBSD:
// /etc/rc.subr, /usr/sbin/daemon and /usr/sbin/limits (see freebsd/).
type bsdMachine struct {
	*machine
	rcConf, target string
}

func newBSDMachine(t *testing.T) *bsdMachine {
	t.Helper()
	m := newMachine(t)
	stand := absolutePath(t, "freebsd")
	m.inside("sh", "-ec", `
cp "$1/rc.subr" /etc/rc.subr
mkdir /mnt/upper /mnt/work
cp "$1/daemon" "$1/limits" /mnt/upper
mount -t overlay overlay -o lowerdir=/usr/sbin,upperdir=/mnt/upper,workdir=/mnt/work /usr/sbin`, "sh", stand)
	b := &bsdMachine{machine: m, rcConf: m.path("conf dir/rc.conf"), target: m.path("boot scripts")}
	m.env = append(m.env, "BSDRC_RC_CONF="+b.rcConf, "BSDRC_TARGET_DIR="+b.target)
	return b
}

func (b *bsdMachine) switchTo(args ...string) outcome {
	b.t.Helper()
	return b.nixproc(append([]string{"bsdrc-switch", "--state-dir", b.path("state"), "--force-disable-user-change", "--host-packages"}, args...)...)
}

func (b *bsdMachine) mustSwitchTo(args ...string) outcome {
	b.t.Helper()
	r := b.switchTo(args...)
	if r.code != 0 {
		b.t.Fatalf("switch %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// runsExactly checks which processes run, and gives what was observed.
func (b *bsdMachine) runsExactly(names ...string) observation {
	b.t.Helper()
	o := b.observe()
	runs(b.t, o, names...)
	return o
}

// nothingAtBoot checks that nothing of ours is started at boot.
func (b *bsdMachine) nothingAtBoot(rcConf string) {
	b.t.Helper()
	if entries, err := os.ReadDir(b.target); err == nil && len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.t.Errorf("%s has %v, %v", b.target, entries, err)
	}
	if got := read(b.t, b.rcConf); got != rcConf {
		b.t.Errorf("rc.conf is %q, want %q", got, rcConf)
	}
}

// script of a process in the current profile.
func (b *bsdMachine) script(name string) string {
	b.t.Helper()
	return read(b.t, b.path("profiles/processes/etc/rc.d", name))
}

// leavesNothing undeploys, and checks that nothing is left.
func (b *bsdMachine) leavesNothing() {
	b.t.Helper()
	b.mustSwitchTo("--undeploy")
	b.runsExactly()
	if left := b.processes(); len(left) > 0 {
		b.t.Errorf("processes are left: %s", strings.Join(mentions(b.t, b.path("state")), "\n")+fmt.Sprint(left))
	}
}
