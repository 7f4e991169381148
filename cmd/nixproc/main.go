// Command nixproc deploys sets of running processes from Nix expressions.
//
// Each command is a small file here: it reads its options and calls the
// packages below lib/ and nixeval; it decides nothing itself.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"nixproc/lib/run"
	"nixproc/lib/testmachine"
)

// version is set when a release is built.
var version = "dev"

// command is what a word after "nixproc" stands for.
type command struct {
	run  func(s *session, o *options, args []string) error
	help func() string // made only when it is asked for
	set  optionSet
	// leads says that options end at the first operand: what follows is
	// another command's.
	leads bool
}

func main() {
	testmachine.Inside()
	testmachine.Inside()
	// Modes of what we and our children create do not depend on the caller's
	// umask (see lib/run).
	syscall.Umask(0o022)
	// We run for a moment only: less collecting, for some megabytes more.
	debug.SetGCPercent(400)
	os.Exit(Main(os.Args))
}

// Main runs the command that args name and gives its exit code.
func Main(args []string) int {
	name, rest := splitName(args)
	if builder, ok := builders[name]; ok {
		return report(builder())
	}
	if name == "complete" { // no command for people
		complete(rest)
		return exitDone
	}
	s, stop := newSession()
	defer stop()
	if name == "answer-status" { // nor is this: our module for Dysnomia calls it
		return report(s.answerStatus(rest))
	}
	switch name {
	case "help":
		if len(rest) > 0 {
			name, rest = rest[0], []string{"--help"}
			break
		}
		fallthrough
	case "", "--help", "-h":
		fmt.Print(overview())
		return exitDone
	case "version", "--version":
		fmt.Println("nixproc", version)
		return exitDone
	}
	cmd, ok := commands()[name]
	if !ok {
		return report(usageError{fmt.Sprintf("there is no command %q: nixproc help lists those there are", name)})
	}
	return report(s.execute(name, cmd, rest))
}

// splitName finds the command: the old tools are links to this program, called
// nixproc-sysvinit-switch and so on.
func splitName(args []string) (name string, rest []string) {
	called := filepath.Base(args[0])
	if name, ok := strings.CutPrefix(called, "nixproc-"); ok && commands()[name].run != nil {
		return name, args[1:]
	}
	if len(args) < 2 {
		return "", nil
	}
	return args[1], args[2:]
}

// session is one run of the program.
type session struct {
	ctx  context.Context // ends at a second signal: what runs is interrupted
	soft context.Context // ends at the first: nothing new begins
}

// newSession minds signals until the program has ended: one that comes while it
// ends is not to change its exit code.
func newSession() (s *session, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	soft, cancelSoft := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	// A closed terminal must not leave a deployment half done.
	// Nor must a closed pipe. Ignoring these signals would be inherited by
	// whatever is started.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGPIPE)
	go func() {
		<-signals
		cancelSoft()
		note("interrupted: ending; interrupt again to stop at once")
		<-signals
		cancel()
	}()
	return &session{ctx: ctx, soft: soft}, cancel
}

func (s *session) execute(name string, cmd command, args []string) error {
	var led []string
	if cmd.leads {
		args, led = lead(args)
	}
	o, operands, err := parse(name, cmd.set, args)
	if err != nil {
		return err
	}
	operands = append(operands, led...)
	if o.help {
		fmt.Print(cmd.help())
		return nil
	}
	if o.showValues {
		run.ShowValues()
	}
	return cmd.run(s, o, operands)
}

// lead parts the arguments in front of the first operand from the rest.
func lead(args []string) (options, operands []string) {
	for i, arg := range args {
		switch {
		case arg == "--":
			return args[:i], args[i+1:]
		case !strings.HasPrefix(arg, "-"):
			return args[:i], args[i:]
		}
	}
	return args, nil
}
