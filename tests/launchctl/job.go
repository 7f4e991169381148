package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// job is a loaded service.
type job struct {
	plist                 plist
	path, domain, helpers string

	mutex    sync.Mutex
	pid      int // 0 if it does not run
	ended    chan struct{}
	exit     string // "-" or how it ended last
	runs     int
	unloaded bool
}

// start runs the program of the plist.
func (j *job) start() {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.pid != 0 || j.unloaded {
		return
	}
	description, err := json.Marshal(j.plist)
	if err != nil {
		panic(err) // it came from JSON
	}
	cmd := exec.Command(filepath.Join(j.helpers, "spawn"), string(description))
	cmd.Dir = "/"
	cmd.Env = []string{
		"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "XPC_SERVICE_NAME=" + j.plist.Label, "XPC_FLAGS=0x0",
		"NIXPROC_TEST_LAUNCHD=" + j.helpers,
	}
	files, err := j.plist.outputs()
	if err != nil {
		j.exit = "78"
		return
	}
	for i, output := range []*io.Writer{&cmd.Stdout, &cmd.Stderr} {
		if files[i] != nil {
			defer files[i].Close()
			*output = files[i]
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	j.runs++
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		j.exit = "78"
		return
	}
	j.pid, j.ended = cmd.Process.Pid, make(chan struct{})
	go j.watch(cmd, begin, j.ended)
}

// watch waits for the end, and starts the job again where its plist says so.
func (j *job) watch(cmd *exec.Cmd, begin time.Time, ended chan struct{}) {
	_ = cmd.Wait() // the state says how it ended
	// launchd.plist(5), AbandonProcessGroup: what it left in its group goes too.
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	j.mutex.Lock()
	j.pid = 0
	j.exit = fmt.Sprint(cmd.ProcessState.ExitCode())
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		j.exit = fmt.Sprintf("-%d", status.Signal())
	}
	again := j.plist.KeepAlive == true && !j.unloaded
	j.mutex.Unlock()
	close(ended)
	if again {
		time.Sleep(time.Until(begin.Add(time.Duration(j.plist.ThrottleInterval) * time.Second)))
		j.start()
	}
}

func (j *job) state() (pid int, words, exit string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	words, exit = "not running", j.exit
	if exit == "" {
		exit = "-"
	}
	switch {
	case j.pid != 0:
		words = "running"
	case j.runs > 0 && j.plist.KeepAlive == true:
		words = "spawn scheduled"
	}
	return j.pid, words, exit
}

// unload ends the process as launchd does: SIGTERM, and SIGKILL after its time.
func (j *job) unload() {
	j.mutex.Lock()
	j.unloaded = true
	pid, ended := j.pid, j.ended
	j.mutex.Unlock()
	if pid == 0 {
		return
	}
	syscall.Kill(pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(time.Duration(j.plist.ExitTimeOut) * time.Second):
		syscall.Kill(pid, syscall.SIGKILL)
		<-ended
	}
}

func (j *job) kickstart() answer {
	if pid, _, _ := j.state(); pid != 0 {
		return refused(37, "Could not kickstart service %q: 37: Operation already in progress", j.plist.Label)
	}
	j.start()
	return answer{}
}

func (j *job) kill() answer {
	if pid, _, _ := j.state(); pid != 0 {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	return answer{}
}

func (j *job) print() answer {
	pid, words, exit := j.state()
	text := fmt.Sprintf("%s/%s = {\n\tactive count = 1\n\tpath = %s\n\ttype = LaunchDaemon\n\tstate = %s\n\n", j.domain, j.plist.Label, j.path, words)
	text += "\tprogram = x\n\tdefault environment = {\n\t\tPATH => /usr/bin:/bin:/usr/sbin:/sbin\n\t}\n\n"
	text += fmt.Sprintf("\tdomain = %s\n\tminimum runtime = 10\n\texit timeout = %d\n\truns = %d\n", j.domain, j.plist.ExitTimeOut, j.runs)
	if pid != 0 {
		text += fmt.Sprintf("\tpid = %d\n", pid)
	}
	switch {
	case exit == "-":
		text += "\tlast exit code = (never exited)\n"
	case exit[0] == '-':
		text += "\tlast terminating signal = " + exit[1:] + "\n"
	default:
		text += "\tlast exit code = " + exit + "\n"
	}
	text += "\n\tspawn type = daemon (3)\n\tsubsystems = {\n\t\tstate = active\n\t\tpid = 1\n\t}\n}\n"
	return answer{Out: text}
}

// spawn becomes the program that a plist describes, with all that it says.
func spawn(description string) {
	var p plist
	if err := json.Unmarshal([]byte(description), &p); err != nil {
		fail(78, "%v", err)
	}
	if err := p.enter(); err != nil {
		fail(78, "%v", err)
	}
	fail(78, "%v", syscall.Exec(p.program(), p.arguments(), p.environment(os.Environ())))
}
