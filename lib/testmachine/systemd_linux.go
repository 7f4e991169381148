package testmachine

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// UnitDir is a directory of units that systemd in a machine reads besides its
// own, as NixOS' tests of systemd have it.
const unitDir = "/etc/systemd-mutable/system"

// masked are units of the host's packages that would reach the host, or wait for
// devices.
var masked = []string{
	"systemd-modules-load.service", "systemd-sysctl.service", "systemd-remount-fs.service", "sys-kernel-debug.mount",
	"sys-kernel-tracing.mount", "sys-kernel-config.mount", "sys-fs-fuse-connections.mount", "dev-hugepages.mount", "dev-mqueue.mount",
	"systemd-journald-audit.socket", "getty.target", "systemd-logind.service", "systemd-user-sessions.service",
}

// userManager is the systemd of User, which nobody has to log in for.
const userManager = `[Unit]
Description=systemd of the user without rights
[Service]
Type=notify
User=` + User + `
Environment=XDG_RUNTIME_DIR=` + userRuntimeDir + `
ExecStart=%s --user
Delegate=yes
KillMode=mixed
Slice=user.slice
`

// becomeSystemd makes process 1 of the machine systemd.
func becomeSystemd(spec Spec) error {
	program, err := systemdProgram()
	if err != nil {
		return err
	}
	if err := hostUnits(); err != nil {
		return err
	}
	return unix.Exec(program, []string{program, "--system", "--unit=multi-user.target", "--show-status=no"}, []string{
		"container=nixproc", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_UNIT_PATH=" + unitDir + ":",
	})
}

// hostUnits takes those away that somebody has enabled on the host.
func hostUnits() error {
	var problems []error
	old, _ := filepath.Glob("/etc/rc[0-6S].d")
	for _, dir := range append(old, "/etc/systemd/system", "/etc/systemd/user", "/etc/machine-id") {
		problems = append(problems, os.RemoveAll(dir))
	}
	for _, dir := range []string{"/etc/systemd/system", unitDir, "/run/systemd/system"} {
		problems = append(problems, os.MkdirAll(dir, 0o755))
	}
	for _, unit := range masked {
		problems = append(problems, os.Symlink("/dev/null", filepath.Join("/run/systemd/system", unit)))
	}
	for _, file := range []string{"/etc/fstab", "/etc/machine-id"} {
		problems = append(problems, os.WriteFile(file, nil, 0o644))
	}
	return errors.Join(problems...)
}
