package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// launchd has one domain with its jobs.
type launchd struct {
	dir, domain string

	mutex    sync.Mutex
	jobs     map[string]*job
	disabled map[string]bool
}

func refused(code int, format string, args ...any) answer {
	return answer{Err: fmt.Sprintf(format, args...) + "\n", Code: code}
}

// do obeys a call of launchctl.
func (d *launchd) do(args []string) answer {
	switch {
	case len(args) == 2 && args[0] == "print" && args[1] == d.domain:
		return d.printDomain()
	case len(args) == 2 && args[0] == "print":
		return d.with(args[1], (*job).print)
	case len(args) == 2 && (args[0] == "enable" || args[0] == "disable"):
		return d.enable(args[1], args[0] == "disable")
	case len(args) == 3 && args[0] == "bootstrap" && args[1] == d.domain:
		return d.bootstrap(args[2])
	case len(args) == 2 && args[0] == "bootout":
		return d.with(args[1], d.bootout)
	case len(args) == 2 && args[0] == "kickstart":
		return d.with(args[1], (*job).kickstart)
	case len(args) == 3 && args[0] == "kill" && args[1] == "SIGKILL":
		return d.with(args[2], (*job).kill)
	}
	if a, known := d.legacy(args); known {
		return a
	}
	return refused(64, "Unrecognized subcommand: %s", strings.Join(args, " "))
}

// label of a service target in our domain.
func (d *launchd) label(target string) (string, bool) {
	label, ours := strings.CutPrefix(target, d.domain+"/")
	return label, ours && label != "" && !strings.Contains(label, "/")
}

func (d *launchd) with(target string, act func(*job) answer) answer {
	label, ok := d.label(target)
	if !ok {
		return refused(112, "Could not find domain for %s", target)
	}
	d.mutex.Lock()
	found := d.jobs[label]
	d.mutex.Unlock()
	if found == nil {
		return refused(113, "Could not find service %q in domain for %s", label, d.domain)
	}
	return act(found)
}

func (d *launchd) enable(target string, disable bool) answer {
	label, ok := d.label(target)
	if !ok {
		return refused(112, "Could not find domain for %s", target)
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.disabled[label] = disable
	return answer{}
}

// bootstrap loads a job, and starts it if its plist says so.
func (d *launchd) bootstrap(path string) answer {
	info, err := os.Lstat(path)
	if err != nil || !filepath.IsAbs(path) {
		return refused(2, "Bootstrap failed: 2: No such file or directory: %s", path)
	}
	owner := info.Sys().(*syscall.Stat_t)
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o022 != 0 || owner.Uid != uint32(os.Getuid()) {
		return refused(122, "%s: Path had bad ownership/permissions", path)
	}
	p, err := readPlist(path)
	if err != nil {
		return refused(109, "%s: Invalid property list: %v", path, err)
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.jobs[p.Label] != nil {
		return refused(37, "Bootstrap failed: 37: Operation already in progress")
	}
	if d.disabled[p.Label] {
		return refused(119, "Bootstrap failed: 119: Service is disabled")
	}
	loaded := &job{plist: p, path: path, domain: d.domain, helpers: d.dir}
	d.jobs[p.Label] = loaded
	if p.RunAtLoad || p.KeepAlive == true {
		loaded.start()
	}
	return answer{}
}

// atOnce is how long a bootout waits for the end of the process.
const atOnce = 100 * time.Millisecond

func (d *launchd) bootout(j *job) answer {
	gone := make(chan struct{})
	go func() {
		j.unload()
		d.mutex.Lock()
		delete(d.jobs, j.plist.Label)
		d.mutex.Unlock()
		close(gone)
	}()
	select {
	case <-gone:
		return answer{}
	case <-time.After(atOnce):
		return refused(36, "Boot-out failed: 36: Operation now in progress")
	}
}

func (d *launchd) printDomain() answer {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%s = {\n\ttype = system\n\thandle = 0\n\tservice count = %d\n\tservices = {\n", d.domain, len(d.jobs))
	b.WriteString("\t\t       0      - \tcom.apple.lskdd\n\t\t       0   (pe) \tcom.apple.powerd\n")
	for _, label := range slices.Sorted(maps.Keys(d.jobs)) {
		pid, _, exit := d.jobs[label].state()
		fmt.Fprintf(&b, "\t\t%8d %6s \t%s\n", pid, exit, label)
	}
	b.WriteString("\t}\n\n\tunmanaged processes = {\n\t\tcom.apple.x = {\n\t\t}\n\t}\n\n\tendpoints = {\n\t}\n}\n")
	return answer{Out: b.String()}
}

func (d *launchd) endAll() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, j := range d.jobs {
		j.kill()
	}
}
