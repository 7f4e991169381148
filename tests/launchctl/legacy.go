package main

import "syscall"

// legacy answers the subcommands of launchctl(1) that came before domains: they take
// files and labels. What is unloaded has ended.
func (d *launchd) legacy(args []string) (a answer, known bool) {
	if len(args) == 3 && args[0] == "load" && args[1] == "-w" {
		p, err := readPlist(args[2])
		if err != nil {
			return refused(109, "%s: Invalid property list: %v", args[2], err), true
		}
		d.enable(d.domain+"/"+p.Label, false)
		return d.bootstrap(args[2]), true
	}
	if len(args) != 2 {
		return a, false
	}
	switch args[0] {
	case "start":
		return d.with(d.domain+"/"+args[1], (*job).bringUp), true
	case "stop":
		return d.with(d.domain+"/"+args[1], (*job).stop), true
	case "unload":
		d.mutex.Lock()
		defer d.mutex.Unlock()
		for label, j := range d.jobs {
			if j.path == args[1] {
				j.unload()
				delete(d.jobs, label)
				return answer{}, true
			}
		}
		return refused(113, "%s: Could not find specified service", args[1]), true
	}
	return a, false
}

// bringUp starts what does not run already.
func (j *job) bringUp() answer {
	j.start()
	return answer{}
}

// stop asks the process to end; what is to be kept alive starts again.
func (j *job) stop() answer {
	if pid, _, _ := j.state(); pid != 0 {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	return answer{}
}
