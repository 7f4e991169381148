package testmachine

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"nixproc/lib/quote"
)

// endSignal makes the keeper end its machine, and what has entered one end what
// it has started.
const endSignal = syscall.SIGTERM

// self is a command that runs this program as another part of it.
func self(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{name}, args...)
	return cmd
}

// Command gives a program that runs inside as a user, in Environment and in
// /tmp. Its exit code is the program's, or 128 and the signal that ended it. What
// it leaves behind holds on to its output: that should be a file, or have a WaitDelay.
func (m *Machine) Command(ctx context.Context, user string, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
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
	return env
}

const userRuntimeDir = "/run/user/1000"

// systemPath is where the host has its programs; the last is for NixOS.
var systemPath = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/run/current-system/sw/bin"}

func shellEnvironment(env []string) string {
	var words []string
	for _, variable := range env {
		words = append(words, quote.Shell(variable))
	}
	return strings.Join(words, " ")
}
