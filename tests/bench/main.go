// Command bench measures how long a switch takes, and beside each time what can
// not be saved: the floor, measured in the same run. It says for each aim of
// the project whether it was met; that never changes its exit code, since times
// are a machine's and a moment's.
//
// It runs the commands as a user would, against a store, a profile and state
// directories of its own, and knows nothing of how they work. Run it from the
// top directory of the tree:
//
//	go run ./tests/bench -n 10,100 -runs 1
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

type settings struct {
	sizes []int
	runs  int
	jobs  int
	old   string
	dir   string

	managers            []string
	builds, deployments int // numbers of processes, for the managers side by side
	images              bool
}

func main() {
	s := settings{}
	sizes := flag.String("n", "10,100,300,1000", "numbers of processes for sysvinit, smallest first; empty for none")
	flag.IntVar(&s.runs, "runs", 3, "how often to measure each step; the table shows medians")
	flag.IntVar(&s.jobs, "jobs", max(4, 2*runtime.NumCPU()), "how many scripts run side by side")
	flag.StringVar(&s.old, "old", "", "checkout of the framework that this one replaces, its commands on PATH: measure it too, once")
	flag.StringVar(&s.dir, "dir", "/tmp", "directory to work in: how fast its file system makes files counts a lot")
	managers := flag.String("managers", strings.Join(managerNames(), ","), "process managers to put side by side; empty for none")
	flag.IntVar(&s.builds, "build-n", 1000, "number of processes to build for each manager")
	flag.IntVar(&s.deployments, "deploy-n", 100, "number of processes to deploy with each manager that runs here")
	flag.BoolVar(&s.images, "images", true, "measure images, too")
	flag.Parse()
	s.managers = strings.FieldsFunc(*managers, func(r rune) bool { return r == ',' })
	for _, name := range s.managers {
		if !slices.Contains(managerNames(), name) {
			fmt.Fprintf(os.Stderr, "bench: -managers: there is no %q: use %s\n", name, strings.Join(managerNames(), ","))
			os.Exit(64)
		}
	}
	for _, text := range strings.FieldsFunc(*sizes, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			fmt.Fprintf(os.Stderr, "bench: -n: %q is no number of processes\n", text)
			os.Exit(64)
		}
		s.sizes = append(s.sizes, n)
	}
	if flag.NArg() > 0 || s.runs < 1 || s.jobs < 1 || s.builds < 1 || s.deployments < 1 {
		flag.Usage()
		os.Exit(64)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := bench(ctx, s)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, s settings) (err error) {
	p, err := newPlace(s.dir)
	if err != nil {
		return err
	}
	defer func() {
		if cleanErr := p.remove(); err == nil {
			err = cleanErr
		}
	}()
	frameworks, err := p.frameworks(ctx, s)
	if err != nil {
		return err
	}
	var all []results
	for _, f := range frameworks {
		for _, n := range s.sizes {
			m := measurement{results: newResults(f.old, n), place: p, framework: f, jobs: s.jobs, runs: s.runs}
			if f.old {
				m.runs = 1
			}
			fmt.Fprintf(os.Stderr, "measuring %s with %d processes\n", f.name, n)
			if err := m.measure(ctx); err != nil {
				return fmt.Errorf("%s with %d processes: %w", f.name, n, err)
			}
			all = append(all, m.results)
		}
	}
	if len(all) > 0 {
		if err := printReport(os.Stdout, s, all); err != nil {
			return err
		}
	}
	side, err := p.sideBySide(ctx, s)
	if err != nil {
		return err
	}
	if err := printSideBySide(os.Stdout, s, side); err != nil || !s.images {
		return err
	}
	images, err := p.images(ctx, s)
	if err != nil {
		return err
	}
	images.print(os.Stdout, s)
	return nil
}
