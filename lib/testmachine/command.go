package testmachine

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// endSignal makes the keeper end its machine, and what has entered one end what
// it has started.
const endSignal = syscall.SIGTERM

// self is a command that runs this program as another part of it.
func self(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(executable())
	cmd.Args = append([]string{name}, args...)
	return cmd
}

var executable = sync.OnceValue(func() string {
	file, err := os.Executable()
	if err != nil {
		return "/proc/self/exe"
	}
	return file
})

// Command gives a program that runs inside as a user, in Environment and in
// /tmp. Its exit code is the program's, 128 and the signal that ended it, or 1
// where it could not be started. What it leaves behind holds on to its output:
// that should be a file, or the command have a WaitDelay. At a terminal, it is
// the one that hears of the keys.
func (m *Machine) Command(ctx context.Context, user string, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, executable())
	cmd.Args = append([]string{enterName, strconv.Itoa(m.init), user}, argv...)
	cmd.Env = m.Environment(user)
	cmd.Cancel = func() error { return cmd.Process.Signal(endSignal) }
	return cmd
}

// Environment is that of a login of a user. Nix is told of the store that this
// program has.
func (m *Machine) Environment(user string) []string {
	home := "/root"
	if user == User {
		home = UserHome
	}
	env := []string{
		"PATH=" + strings.Join(slices.Concat(m.spec.Path, systemPath), ":"),
		"HOME=" + home, "USER=" + user, "LOGNAME=" + user, "SHELL=/bin/sh",
	}
	if user == User {
		env = append(env, "XDG_RUNTIME_DIR="+userRuntimeDir)
	}
	for _, variable := range []string{"NIX_STORE_DIR", "NIX_STATE_DIR", "NIX_LOG_DIR", "NIX_CONF_DIR", "LANG", "TERM", "TZDIR", "LOCALE_ARCHIVE"} {
		if value, set := os.LookupEnv(variable); set {
			env = append(env, variable+"="+value)
		}
	}
	return append(env, m.spec.Env...)
}

const userRuntimeDir = "/run/user/1000"

// systemPath is where the host has its programs; the last is for NixOS.
var systemPath = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/run/current-system/sw/bin"}
