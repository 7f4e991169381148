package tests

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A profile that was built before is one, whoever built it: as what is to be
// deployed, and as what is to be compared with.
func TestPrebuiltByTheOldTools(t *testing.T) {
	t.Parallel()
	p := takeoverSysvinit(t)
	p.hostNeeds("nginx", "daemon")
	options := []string{"-P", "sysvinit", "--state-dir", p.d.path("state"), "--force-disable-user-change", "--no-out-link"}
	model := append(without("webapp6", "nginx2"), p.old.model(t, freePortsFor(t, advancedNames...)))
	theirs := strings.TrimSpace(p.old.mustRun(p.d, nil, "nixproc-build", append(options, model...)...).stdout)
	build := func() string {
		r := p.d.nixproc(append(append([]string{"build", "--host-packages"}, options...), model...)...)
		if r.code != 0 {
			t.Fatal(r.stderr)
		}
		return strings.TrimSpace(r.stdout)
	}
	mixed := build()
	p.old.inPlace(t, checkoutPath(t))
	ours := build()

	r := p.d.nixproc("sysvinit-deploy", "--runlevel=3", "--state-dir", p.d.path("state"), "--force-disable-user-change", theirs)
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	before := p.runsExactly(takenOver...)
	for _, step := range []struct{ args, says string }{
		{mixed, "6 kept: generation 2"},
		{ours, "6 refreshed: generation 3"},
		{theirs, "6 refreshed: generation 4"},
		{"--old-profile " + mixed + " " + ours, "6 refreshed: generation 5"},
		{"--delete-all-generations", ""},
		{"-o " + theirs + " " + ours, "6 refreshed: generation 1"},
		{"-o " + ours + " " + mixed, "6 refreshed: generation 2"},
	} {
		r := p.mustSwitchTo(strings.Fields(step.args)...)
		if !strings.Contains(r.stdout, step.says) {
			t.Errorf("%s: it says\n%s%s", step.args, r.stdout, r.stderr)
		}
		kept(t, before, p.runsExactly(takenOver...), takenOver...)
	}
	// And theirs reads what we have built.
	p.old.mustRun(p.d, nil, "nixproc-sysvinit-deploy", append(p.options, ours)...)
	before = p.runsExactly(takenOver...)
	p.says(p.mustSwitchTo(ours), "6 kept")
	kept(t, before, p.runsExactly(takenOver...), takenOver...)
	nothingRemains(t, p, nil)
}

// What has died since the old tools started it is started again, and a pid file
// that names somebody else by now is in nobody's way (D22, D23).
func TestDeadAfterTheOldTools(t *testing.T) {
	t.Parallel()
	p := takeoverSysvinit(t)
	p.hostNeeds("nginx", "daemon")
	port := freePortsFor(t, advancedNames...)
	model := append(without("webapp6", "nginx2"), p.old.model(t, port))
	p.switchByOld(model...)
	before := p.runsExactly(takenOver...)
	other := exec.Command("sleep", "1000")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer other.Wait()
	defer other.Process.Kill()
	for _, name := range []string{"webapp1", "webapp2"} {
		pid := p.d.running(name)
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		gone(t, pid)
	}
	// The file is older than the process that has the number now.
	file := p.d.path("state/tmp/webapp2.pid")
	earlier := time.Now().Add(-time.Hour)
	if err := errors.Join(os.WriteFile(file, []byte(strconv.Itoa(other.Process.Pid)+"\n"), 0o644), os.Chtimes(file, earlier, earlier)); err != nil {
		t.Fatal(err)
	}
	p.old.inPlace(t, checkoutPath(t))
	r := p.mustSwitchTo(model...)
	after := p.runsExactly(takenOver...)
	kept(t, before, after, "webapp3", "webapp4", "webapp5", "nginx")
	p.restarted(before, after, "webapp1", "webapp2")
	p.says(r, "2 started, 4 refreshed")
	if !alive(other.Process.Pid) {
		t.Error("a process that had the number of webapp2 was ended")
	}
	reachable(t, port["nginx"], "webapp2", port["webapp2"])
	nothingRemains(t, p, port)
}

// Right after the switch, nothing depends on what the old tools left any more:
// not their links in the manager's directory, nor their generations.
func TestGarbageAfterTheOldTools(t *testing.T) {
	t.Parallel()
	oldCheckout(t)
	store := newOwnStore(t, "sandbox = false")
	for name, begin := range map[string]func(*deployment) takeover{
		"supervisord":  takeoverSupervisordOf,
		"systemd user": func(d *deployment) takeover { return takeoverSystemdOf(d, true) },
	} {
		t.Run(name, func(t *testing.T) {
			p := begin(newDeploymentIn(t, store))
			p.hostNeeds("nginx")
			port := freePortsFor(t, advancedNames...)
			model := append(without("webapp6", "nginx2"), p.old.model(t, port))
			p.switchByOld(model...)
			before := p.runsExactly(takenOver...)
			theirs := p.d.currentProfile()
			if len(p.links()) == 0 {
				t.Error("the old tools left no links")
			}
			p.old.inPlace(t, checkoutPath(t))
			p.mustSwitchTo(model...)
			if left := p.links(); len(left) > 0 {
				t.Errorf("links of the old tools are left: %q", left)
			}
			p.mustSwitchTo("--delete-generations=old")
			if out, err := store.nix(nil, "nix-store", "--gc"); err != nil {
				t.Fatal(out, err)
			}
			if _, err := os.Stat(theirs); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the old profile is left: %v", err)
			}
			kept(t, before, p.runsExactly(takenOver...), p.keeps...)
			reachable(t, port["nginx"], "webapp1", port["webapp1"])
			r := p.mustSwitchTo(model...)
			p.says(r, "6 kept")
			nothingRemains(t, p, port)
		})
	}
}

// links are those in the manager's directory that lead into the store.
func (p takeover) links() []string {
	p.d.t.Helper()
	entries, err := os.ReadDir(p.target)
	if err != nil {
		p.d.t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		if to, err := os.Readlink(filepath.Join(p.target, entry.Name())); err == nil && strings.HasPrefix(to, p.d.store.dir) {
			found = append(found, fmt.Sprintf("%s -> %s", entry.Name(), to))
		}
	}
	return found
}

// Accounts that the old tools made go when nobody needs them any more, and stay
// until then; and so do their processes' users.
func TestAccountsAfterTheOldTools(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	o := newOldTools(m.deployment)
	m.hostNeeds("nginx", "daemon")
	port := freePortsFor(t, append(slices.Clone(advancedNames), "other")...)
	model := o.model(t, port)
	o.mustRun(m.deployment, m.enters(), "nixproc-sysvinit-switch", append(without("webapp6", "nginx2"), "--state-dir", m.path("state"), "--runlevel", "3", model)...)
	before := m.observe()
	runs(t, before, takenOver...)
	for _, name := range takenOver {
		if m.account("passwd", name) == "" || m.account("group", name) == "" {
			t.Fatalf("the old tools made no account %s", name)
		}
	}
	uid, _ := strconv.Atoi(strings.Split(m.account("passwd", "webapp1"), ":")[2])

	o.inPlace(t, checkoutPath(t))
	m.mustSwitchAsRoot(append(without("webapp5", "nginx2"), model)...)
	after := m.observe()
	runs(t, after, "webapp1", "webapp2", "webapp3", "webapp4", "webapp6", "nginx")
	same(t, before, after, "webapp1", "webapp2", "webapp3", "webapp4", "nginx")
	if status(t, m.running("webapp1"), "Uid")[0] != strconv.Itoa(uid) {
		t.Errorf("webapp1 runs as %q, want %d", status(t, m.running("webapp1"), "Uid"), uid)
	}
	for name, there := range map[string]bool{"webapp1": true, "webapp5": false, "webapp6": true, "nginx": true} {
		for _, file := range []string{"passwd", "group"} {
			if got := m.account(file, name); (got != "") != there {
				t.Errorf("%s has %q for %s", file, got, name)
			}
		}
	}
	m.mustSwitchAsRoot("--switch-generation=1")
	runs(t, m.observe(), takenOver...)
	if m.account("passwd", "webapp5") == "" || m.account("passwd", "webapp6") != "" {
		t.Error("the accounts are not those of the generation of the old tools")
	}
	m.mustSwitchAsRoot("--undeploy")
	runs(t, m.observe())
	for _, name := range append(takenOver, "webapp6") {
		if m.account("passwd", name) != "" || m.account("group", name) != "" {
			t.Errorf("the account %s is left", name)
		}
	}
}

// The old tools only print how to install a service of Cygwin (D9). What a person
// installed and started so is taken over.
func TestCygrunsrvAfterTheOldTools(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	old := newOldTools(d)
	p := cygrunsrvFor(d)
	p.run("exec")
	d.hostNeeds("nginx")
	old.path = p.state + ":" + old.path
	port := freePortsFor(t, advancedNames...)
	model := append(without("webapp6", "nginx2"), old.model(t, port))
	r := old.run(d, nil, "nixproc-cygrunsrv-switch", append([]string{"--state-dir", d.path("state"), "--force-disable-user-change"}, model...)...)
	if r.code == 0 || strings.Count(r.stdout, "cygrunsrv --install") != len(takenOver) {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	// What it prints of arguments is no line for a shell: nginx's have blanks.
	for _, line := range strings.Split(strings.TrimSpace(r.stdout), "\n") {
		before, after, hasArguments := strings.Cut(line, " --args ")
		if hasArguments {
			arguments, rest, _ := strings.Cut(after, " --dep ")
			line = before + " --args \"$0\" --dep " + rest
			p.must("sh", "-c", line, arguments)
			continue
		}
		p.must("sh", "-c", line)
	}
	for _, name := range takenOver {
		p.must(filepath.Join(p.state, "cygrunsrv"), "--start", "nix-process-"+name)
	}
	before := p.runsExactly(takenOver...)
	p.mustSwitchTo(model...)
	kept(t, before, p.runsExactly(takenOver...), takenOver...)
	old.inPlace(t, checkoutPath(t))
	r = p.mustSwitchTo(model...)
	after := p.runsExactly(takenOver...)
	kept(t, before, after, "webapp1", "webapp2", "webapp3", "webapp4", "webapp5")
	if before["nginx"] == after["nginx"] || !strings.Contains(r.stdout, "it has another --args, --path") {
		t.Errorf("nginx was %s and is %s\n%s", before["nginx"], after["nginx"], r.stdout)
	}
	nothingRemains(t, p, port)
}
