package testmachine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// unitDir is a directory of units that systemd in a machine reads besides its
// own, as NixOS' tests of systemd have it.
const unitDir = "/etc/systemd-mutable/system"

// masked are units of the host's packages that would reach the host, wait for
// devices, or take time for what a machine that was just made has no need of.
var masked = []string{
	"dev-hugepages.mount", "dev-mqueue.mount", "getty.target", "modprobe@.service", "sys-fs-fuse-connections.mount",
	"sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "systemd-ask-password-console.path",
	"systemd-ask-password-wall.path", "systemd-journal-flush.service", "systemd-journald-audit.socket", "systemd-logind.service",
	"systemd-modules-load.service", "systemd-remount-fs.service", "systemd-sysctl.service", "systemd-sysusers.service",
	"systemd-tmpfiles-clean.timer", "systemd-tmpfiles-setup-dev.service", "systemd-update-utmp-runlevel.service",
	"systemd-update-utmp.service", "systemd-user-sessions.service",
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
	if spec.Unprivileged {
		if err := userUnit(program); err != nil {
			return err
		}
	}
	return unix.Exec(program, []string{program, "--system", "--unit=multi-user.target", "--show-status=no"}, []string{
		"container=nixproc", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_UNIT_PATH=" + unitDir + ":",
	})
}

// hostUnits takes those away that somebody has enabled on the host, or that
// programs of its packages would make.
func hostUnits() error {
	var problems []error
	old, _ := filepath.Glob("/etc/rc[0-6S].d")
	for _, dir := range append(old, "/etc/systemd/system", "/etc/systemd/user", "/etc/fstab", "/etc/machine-id") {
		problems = append(problems, os.RemoveAll(dir))
	}
	for _, dir := range []string{"/etc/systemd/system", unitDir} {
		problems = append(problems, os.MkdirAll(dir, 0o755))
	}
	for _, file := range []string{"/etc/fstab", "/etc/machine-id"} {
		problems = append(problems, os.WriteFile(file, nil, 0o644))
	}
	for _, unit := range masked {
		problems = append(problems, mask("/run/systemd/system", unit))
	}
	// It would remove what is in /tmp, where somebody's directory may be.
	problems = append(problems, mask("/run/tmpfiles.d", "tmp.conf"))
	for _, kind := range []string{"system-generators", "user-generators", "user-environment-generators"} {
		programs, _ := filepath.Glob("/usr/lib/systemd/" + kind + "/*")
		for _, program := range programs {
			problems = append(problems, mask("/run/systemd/"+kind, filepath.Base(program)))
		}
	}
	return errors.Join(problems...)
}

// mask makes systemd take no notice of a file that a package has brought.
func mask(dir, name string) error {
	return errors.Join(os.MkdirAll(dir, 0o755), os.Symlink("/dev/null", filepath.Join(dir, name)))
}

// userUnit has systemd start the user's own at boot.
func userUnit(program string) error {
	const dir, name = "/etc/systemd/system", "user@1000.service"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(fmt.Sprintf(userManager, program)), 0o644); err != nil {
		return err
	}
	wants := filepath.Join(dir, "multi-user.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		return err
	}
	return os.Symlink("../"+name, filepath.Join(wants, name))
}
