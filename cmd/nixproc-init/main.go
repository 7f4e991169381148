// Command nixproc-init is the first process of a container whose processes need no
// other process manager: it starts all of a profile in their order, reaps what
// loses its parent, and stops all in the reverse order when it is asked to end.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"nixproc/lib/container"
	"nixproc/lib/reaper"
)

const usage = `Usage: nixproc-init [OPTION]... PROFILE

Brings up all processes of a profile for sysvinit or disnix, and waits. PROFILE may
be a link that moves, and missing.

  --runlevel=LEVEL   the runlevel whose init scripts are started (3)
  --jobs=N           how many processes start or stop side by side (%d)
  --stop-within=TIME how long they may take to end in their order (6s)

SIGTERM and SIGINT stop all, in the reverse order; a second one ends all at once.
SIGHUP starts what does not run. Exit codes: 0 all ended when asked to, 1 a process
failed to start, 2 a process did not end and was killed, 64 the command line is
wrong, 65 the profile is.
`

// farewell is how long what is not of the profile has to end.
const farewell = time.Second

func main() {
	syscall.Umask(0o022)
	os.Exit(run(os.Args))
}

func run(args []string) int {
	c := container.Container{Tell: tell, Settle: 500 * time.Millisecond, Watch: 2 * time.Second}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprintf(os.Stderr, usage, c.Jobs) }
	flags.StringVar(&c.Runlevel, "runlevel", "3", "")
	flags.IntVar(&c.Jobs, "jobs", max(4, 2*runtime.NumCPU()), "")
	flags.DurationVar(&c.StopWithin, "stop-within", 6*time.Second, "")
	if err := flags.Parse(args[1:]); err == flag.ErrHelp {
		return container.Done
	} else if err != nil {
		return 64
	}
	if flags.NArg() != 1 || c.Jobs < 1 || c.StopWithin < 0 {
		flags.Usage()
		return 64
	}
	c.Profile = flags.Arg(0)

	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP)
	if !reaper.Needed() {
		return c.Run(signals)
	}
	code, err := reaper.Run(args, signals, farewell)
	if err != nil {
		tell(err.Error())
		return container.Killed
	}
	return code
}

var terminal sync.Mutex

func tell(message string) {
	terminal.Lock()
	defer terminal.Unlock()
	fmt.Fprintln(os.Stderr, "nixproc-init: "+strings.ReplaceAll(message, "\n", "\n  "))
}
