package suite

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// crash kills a process, and then the process manager. What is told to restart a
// process has to do so; in any case, the same deployment again has to bring all back.
func (t *trial) crash() error {
	if err := t.ready(t.System); err != nil {
		return err
	}
	before, err := t.observe()
	if err != nil {
		return t.because("crash", err)
	}
	if len(before) == 0 {
		return t.because("crash", errors.New("nothing runs that has a process ID"))
	}
	victim := slices.Sorted(maps.Keys(before))[0]
	if t.Changed != nil && before[t.Changed.Process].PID != 0 {
		victim = t.Changed.Process
	}
	if err := t.crashProcess(victim, before); err != nil {
		return err
	}
	crashed, err := t.crashManager()
	if err == nil && crashed {
		err = t.back("the crash of "+t.Manager, before)
	}
	if err != nil {
		return t.because("crash", err)
	}
	return t.undeploy()
}

func (t *trial) crashProcess(victim string, before map[string]running) error {
	supervised, err := t.supervised(victim, before[victim].PID)
	if err == nil {
		err = t.kill(before[victim].PID)
	}
	if err == nil && supervised {
		err = t.restarted(victim, before[victim])
	}
	if err == nil {
		err = t.back("the crash of "+victim, before)
	}
	if err != nil {
		return t.because("crash", err)
	}
	now, err := t.observe()
	if err == nil {
		err = differences("the crash of "+victim, before, now, victim)
	}
	return t.because("crash", err)
}

// back deploys what is deployed once more, after which all has to run.
func (t *trial) back(what string, before map[string]running) error {
	if err := t.ready(t.System); err != nil {
		return err
	}
	now, err := t.observe()
	for name := range before {
		if err == nil && now[name].PID == 0 {
			err = fmt.Errorf("%s does not run, though the same was deployed again after %s", name, what)
		}
	}
	return err
}

// killing kills processes, and waits until the first of them is gone. Children go
// before their parents: where a parent ends, the kernel sends SIGHUP to its children
// that are stopped, and wakes them (setpgid(2)), by which nginx starts new ones.
const killing = `
family() {
	kill -STOP "$1" || return 0
	for child in $(pgrep -P "$1"); do family "$child"; done
	echo "$1"
}
victims=$1
if [ "$2" = family ]; then victims=$(family "$1"); fi
kill -KILL $victims || :
while grep -qs '^State:.[^XZ]' "/proc/$1/status"; do sleep 0.02; done`

// kill kills a process with all that it has started: what is left of a server whose
// first process is gone holds on to its port, which no manager can know.
func (t *trial) kill(pid int) error { return t.killing(pid, "family") }

func (t *trial) killAlone(pid int) error { return t.killing(pid, "alone") }

func (t *trial) killing(pid int, who string) error {
	_, err := t.inside("root", nil, "sh", "-c", killing, "sh", strconv.Itoa(pid), who)
	return err
}

// supervised tells whether something is told to restart a process that was killed.
func (t *trial) supervised(name string, pid int) (bool, error) {
	user := account(t.Unprivileged)
	var said string
	var err error
	switch t.Manager {
	case "docker":
		said, err = t.inside(user, nil, "docker", "inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", "nixproc-"+name)
	case "systemd":
		argv := []string{"systemctl", "show", "--property=Restart", "--value", "nix-process-" + name + ".service"}
		if t.Unprivileged {
			argv = slices.Insert(argv, 1, "--user")
		}
		said, err = t.inside(user, nil, argv...)
	case "supervisord":
		said, err = t.inside(user, nil, "sed", "-n", `s/^autorestart *= *\(.*\)/\1/p`, t.System.Path+"/conf.d/"+name+".conf")
		if strings.TrimSpace(said) == "" {
			said = "unexpected" // which is the default, and which a signal is
		}
	case "s6-rc":
		// A oneshot is nobody's child.
		said, err = t.inside("root", nil, "sh", "-c", `cat "/proc/$(sed 's/.*) . //; s/ .*//' "/proc/$1/stat")/comm"`, "sh", strconv.Itoa(pid))
		if strings.TrimSpace(said) != "s6-supervise" {
			said = "no"
		}
	default:
		said = "no"
	}
	return !slices.Contains([]string{"no", "", "false", "on-success"}, strings.TrimSpace(said)), err
}

// restarting is how long a process manager may take to restart a process.
const restarting = 30 * time.Second

func (t *trial) restarted(name string, was running) error {
	for end := time.Now().Add(restarting); time.Now().Before(end) && t.ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
		now, err := t.observe()
		if err != nil {
			return err
		}
		if is := now[name]; is.PID != 0 && is != was {
			return nil
		}
	}
	return fmt.Errorf("%s was killed, and %s, which is told to restart it, did not within %s", name, t.Manager, restarting)
}

// crashManager kills the process manager, and starts it again; false says that there
// is none that can be killed: it is process 1 of the machine, or none at all.
func (t *trial) crashManager() (bool, error) {
	if t.Manager == "systemd" && t.Unprivileged {
		return true, t.crashUserManager()
	}
	if t.Host == nil {
		return false, nil
	}
	hosts, err := t.observeHost()
	if err != nil {
		return false, err
	}
	if len(hosts) == 0 {
		return false, fmt.Errorf("%s does not run", t.Manager)
	}
	for name, host := range hosts {
		t.say("%s is process %d", name, host.PID)
		// What it leaves behind the next one knows nothing of, except for containers.
		kill := t.kill
		if t.Manager == "docker" {
			kill = t.killAlone
		}
		if err := kill(host.PID); err != nil {
			return false, err
		}
	}
	return true, t.deployHost()
}

// crashUserManager kills the systemd of the user, which the machine's own looks after.
func (t *trial) crashUserManager() error {
	const script = `
pid=$(pgrep -u "$1" -x systemd | head -n 1)
unit=$(sed -n 's,.*/\([^/]*\.service\).*,\1,p' "/proc/$pid/cgroup" | head -n 1)
kill -KILL "$pid"
while systemctl is-active --quiet "$unit"; do sleep 0.05; done
systemctl reset-failed "$unit" || :
systemctl start "$unit"`
	_, err := t.inside("root", nil, "sh", "-ec", script, "sh", account(true))
	return err
}
