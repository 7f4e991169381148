// Package testmachine starts private machines on this one, in less than a
// second each: namespaces with their own processes, files, network, users and
// control groups, in which services can be deployed as on a machine of their
// own. It must not know what is deployed there.
//
// The programs are the host's, and so are the packages in the Nix store. All
// else is the machine's: what is written there is in memory, and gone with it.
// It is no wall against malice: root in there is root. It needs Linux 5.12.
//
// Three processes make a machine: this program, a keeper, and process 1 inside.
// The keeper ends the machine, and leaves nothing of it, once this program is
// gone, whatever ended it (keeper_linux.go).
package testmachine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"nixproc/lib/quote"
)

// User is the account without rights that each machine has.
const (
	User     = "unprivileged"
	UserHome = "/home/" + User
	userID   = 1000
	userGID  = 100 // of the group users
)

// Spec says which machine is wanted.
type Spec struct {
	// Name is for messages.
	Name string

	// Manager is the process manager: under "systemd", systemd is process 1, and
	// what looks after the others is an ordinary process, which whoever tests
	// deploys.
	Manager string

	// Unprivileged says that the processes are to be User's. With systemd, it has
	// a manager of its own.
	Unprivileged bool

	// Dir is a directory of the host that can be written to inside as well, by the
	// same path. What the machine itself says is in Console in it.
	Dir string

	// Path are directories that come first in PATH inside; those of the host
	// can be read there. Beside a bin, so can lib, libexec and share.
	Path []string

	// Env are more variables of the environment inside. NIX_STORE_DIR and the like
	// say which store the machine sees; without them, it is this program's.
	Env []string

	// Within is what Dir is in, nil if it shall stay when this program is killed.
	Within *WorkDir `json:"-"`
}

// Console is the file, in the directory of a machine, with what it says.
const Console = "console.log"

// Machine is one that runs.
type Machine struct {
	spec     Spec
	keeper   *exec.Cmd
	lifeline *os.File // the keeper's input: the machine ends when this is closed
	init     int      // process 1 inside, by its number outside
}

// names of this program in its other parts.
const (
	keeperName  = "nixproc-machine-keeper"
	insideName  = "nixproc-machine"
	enterName   = "nixproc-machine-enter"
	workDirName = "nixproc-machine-directory"
)

// Start starts a machine. It ends with this program at the latest, also by
// kill -9.
func Start(ctx context.Context, spec Spec) (*Machine, error) {
	fail := func(err error) (*Machine, error) {
		return nil, fmt.Errorf("the machine %s can't be started: %w", spec.Name, err)
	}
	if err := possible(spec); err != nil {
		return fail(err)
	}
	console, err := os.Create(filepath.Join(spec.Dir, Console))
	if err != nil {
		return fail(err)
	}
	defer console.Close()
	text, err := json.Marshal(spec)
	if err != nil {
		return fail(err)
	}
	m := &Machine{spec: spec, keeper: self(keeperName, string(text))}
	input, lifeline, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	m.lifeline = lifeline
	m.keeper.Stdin, m.keeper.Stderr = input, console
	m.keeper.Env = append(os.Environ(), spec.Env...)
	m.keeper.SysProcAttr = keeperAttributes()
	if spec.Within != nil {
		m.keeper.ExtraFiles = []*os.File{spec.Within.lifeline}
	}
	report, err := m.keeper.StdoutPipe()
	if err == nil {
		err = m.keeper.Start()
	}
	input.Close()
	if err != nil {
		lifeline.Close()
		return fail(fmt.Errorf("no namespaces, which containers may not make: %w", err))
	}
	stop := context.AfterFunc(ctx, func() { m.keeper.Process.Signal(endSignal) })
	line, err := bufio.NewReader(report).ReadString('\n')
	if err == nil {
		m.init, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err != nil {
		err = errors.New(m.said())
	} else if spec.Manager == "systemd" {
		err = m.booted(ctx)
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fail(errors.Join(err, m.Stop()))
	}
	return m, nil
}

// said is the end of what the machine said.
func (m *Machine) said() string {
	text, err := os.ReadFile(filepath.Join(m.spec.Dir, Console))
	if err != nil {
		return err.Error()
	}
	if len(text) == 0 {
		return "it ended, and said nothing"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// stopTime bounds the end of a machine, which takes a tenth of a second.
const stopTime = 20 * time.Second

// Stop ends all that runs in the machine, and returns once nothing is left of
// it, but for its directory.
func (m *Machine) Stop() error {
	if m.lifeline == nil {
		return nil
	}
	m.lifeline.Close()
	m.lifeline = nil
	defer time.AfterFunc(stopTime, func() { m.keeper.Process.Kill() }).Stop()
	if err := m.keeper.Wait(); err != nil {
		return fmt.Errorf("something may be left of the machine %s: %w: %s", m.spec.Name, err, m.said())
	}
	return nil
}

// Keep leaves the machine as it is when this program ends. It gives the command
// line that enters it, and the one that ends it.
func (m *Machine) Keep() (enter, end string, err error) {
	if _, err := io.WriteString(m.lifeline, "keep\n"); err != nil {
		return "", "", fmt.Errorf("the machine %s has ended: %s", m.spec.Name, m.said())
	}
	m.lifeline.Close()
	m.lifeline = nil
	return fmt.Sprintf("nsenter --target %d --all env -i %s sh", m.init, quote.ShellWords(m.Environment("root")...)),
		fmt.Sprintf("kill %d", m.keeper.Process.Pid), m.keeper.Process.Release()
}
