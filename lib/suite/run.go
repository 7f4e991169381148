package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"nixproc/lib/testmachine"
)

// Runner runs trials.
type Runner struct {
	Work    *testmachine.WorkDir
	Logs    string // directory for the logs of those that failed, made when it is needed
	Bin     string // directory with the commands of this program
	Jobs    int
	Timeout int  // seconds that one statement may take; 0 for the usual
	Keep    bool // leave the machines of those that failed
	// Failed is called, by one at a time, while the machine of one that failed is
	// still there; nil for nothing.
	Failed func(Result, *testmachine.Machine)
	// Ended is called, by one at a time, with each result.
	Ended func(Result)

	mutex sync.Mutex
}

// trialTime bounds a trial, as NixOS does.
const trialTime = time.Hour

// Run runs all variants, each as all kinds of trials, and gives the results in the
// order of the variants.
func (r *Runner) Run(ctx context.Context, suites []Suite, kinds []string) []Result {
	var results []Result
	var variants []*Variant
	for _, s := range suites {
		for _, v := range s.Variants {
			for _, kind := range kinds {
				results = append(results, Result{Suite: s.Name, Profile: v.Profile, Manager: v.Manager, Kind: kind})
				variants = append(variants, v)
			}
		}
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range r.Jobs {
		workers.Go(func() {
			for i := range next {
				begin := time.Now()
				r.run(ctx, variants[i], &results[i])
				results[i].Took = time.Since(begin)
				results[i].Seconds = results[i].Took.Round(time.Millisecond).Seconds()
				r.mutex.Lock()
				r.Ended(results[i])
				r.mutex.Unlock()
			}
		})
	}
	for i := range results {
		next <- i
	}
	close(next)
	workers.Wait()
	return results
}

func (r *Runner) run(ctx context.Context, v *Variant, result *Result) {
	result.Status = Passed
	if v.Skip != "" {
		result.Status, result.Message = Skipped, v.Skip
		return
	}
	if v.Problem != "" {
		result.Status, result.Cause, result.Message = Failed, Syntax, v.Problem
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, trialTime, fmt.Errorf("it did not end within %s", trialTime))
	defer cancel()
	if ctx.Err() != nil {
		result.Status, result.Message = Skipped, "interrupted"
		return
	}
	dir := filepath.Join(r.Work.Path, strings.Join([]string{v.Suite, v.Profile, v.Manager, result.Kind}, "."))
	err := os.Mkdir(dir, 0o755)
	if err == nil {
		err = r.runIn(ctx, dir, v, result)
	}
	if err == nil {
		return
	}
	result.Status, result.Cause, result.Message = Failed, "machine", err.Error()
	if failure, is := errors.AsType[*Failure](err); is {
		result.Cause, result.Message = failure.Cause, failure.Text
	}
	if ctx.Err() != nil {
		result.Cause, result.Message = "interrupted", context.Cause(ctx).Error()
	}
}

const logName = "log"

func (r *Runner) runIn(ctx context.Context, dir string, v *Variant, result *Result) (err error) {
	log, err := os.OpenFile(filepath.Join(dir, logName), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	spec := testmachine.Spec{
		Name: v.Name(), Manager: v.Manager, Unprivileged: v.Unprivileged, Dir: dir, Within: r.Work,
		Path: slices.Concat([]string{r.Bin}, v.Path, programDirs(v.Manager)),
	}
	machine, err := testmachine.Start(ctx, spec)
	if err != nil {
		return errors.Join(err, r.saveLog(dir, result))
	}
	t := &trial{Variant: v, ctx: ctx, machine: machine, dir: dir, log: log}
	err = t.do(result.Kind, r.Timeout)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = errors.Join(err, r.saveLog(dir, result))
	default:
		t.say("%v", err)
		t.logServices()
		err = errors.Join(err, r.saveLog(dir, result), r.failed(result, machine, err))
	}
	return errors.Join(err, machine.Stop())
}

// do does the trial in a machine that runs.
func (t *trial) do(kind string, timeout int) (err error) {
	if t.python, err = startPython(t.machine.Command(t.ctx, "root"), timeout, t.log); err != nil {
		return err
	}
	defer t.python.end()
	stop := context.AfterFunc(t.ctx, func() { t.python.cmd.Process.Kill() })
	defer stop()
	if err := t.deployHost(); err != nil {
		return t.because("deployment", fmt.Errorf("%s itself: %w", t.Manager, err))
	}
	if t.before, err = t.machine.Processes(); err != nil {
		return err
	}
	return map[string]func() error{Test: t.test, Upgrade: t.upgrade, Crash: t.crash}[kind]()
}

// logServices adds what the services have logged to the log.
func (t *trial) logServices() {
	dir := t.StateDir + "/log"
	t.inside("root", nil, "sh", "-c", `tail -n 20 "$1"/nixproc-*.log "$1"/*/current 2>/dev/null
if [ "$2" = systemd ]; then journalctl --quiet --no-pager -n 60 2>/dev/null; fi; :`, "sh", dir, t.Manager)
}

// saveLog puts the log where it stays.
func (r *Runner) saveLog(dir string, result *Result) error {
	if err := os.MkdirAll(r.Logs, 0o755); err != nil {
		return err
	}
	result.Log = filepath.Join(r.Logs, filepath.Base(dir)+".log")
	var text []byte
	for _, name := range []string{testmachine.Console, logName} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		text = append(text, data...)
	}
	return os.WriteFile(result.Log, text, 0o644)
}

// failed shows the machine of a trial that failed to whoever wants to see it.
func (r *Runner) failed(result *Result, machine *testmachine.Machine, why error) (err error) {
	if r.Failed != nil {
		r.mutex.Lock()
		shown := *result
		shown.Message = why.Error()
		r.Failed(shown, machine)
		r.mutex.Unlock()
	}
	if r.Keep {
		result.Enter, result.End, err = machine.Keep()
	}
	return err
}

// programs are those that a process manager can't be tested without.
var programs = map[string][]string{
	"docker":      {"dockerd", "docker", "runc"},
	"s6-rc":       {"s6-svscan", "s6-rc-compile", "s6-rc"},
	"supervisord": {"supervisord"},
	"systemd":     {"systemctl"},
	"sysvinit":    {},
}

// Missing is why a process manager can't be tested here; "" if it can.
func Missing(manager string) string {
	needed, known := programs[manager]
	if !known {
		return manager + " is tested in virtual machines only"
	}
	for _, program := range needed {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed"
		}
	}
	return ""
}

// programDirs are the directories of a process manager's programs that are not where
// a machine looks by itself.
func programDirs(manager string) (dirs []string) {
	for _, program := range programs[manager] {
		path, err := exec.LookPath(program)
		if dir := filepath.Dir(path); err == nil && !strings.HasPrefix(dir, "/usr/") && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
