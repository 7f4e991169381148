package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// unprivileged is somebody who may use Nix only through its daemon, in a home
// directory of their own.
type unprivileged struct {
	t        *testing.T
	store    *nixStore
	home     string
	env      []string
	uid, gid int
	binary   string
}

// newUnprivileged starts a nix-daemon for a store of its own.
func newUnprivileged(t *testing.T) *unprivileged {
	t.Helper()
	needsRoot(t, "nix-daemon")
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	store := newOwnStore(t, "sandbox = false", "trusted-users = root", "allowed-users = *")
	socket := filepath.Join(store.dir, "s") // a socket's path has at most 107 bytes
	log, err := os.Create(filepath.Join(store.dir, "daemon.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	daemon := exec.Command("nix-daemon")
	daemon.Env = append(slices.Clone(store.env), "NIX_DAEMON_SOCKET_PATH="+socket)
	daemon.Stdout, daemon.Stderr = log, log
	daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithUs(daemon.SysProcAttr)
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// It has a process for each client.
		syscall.Kill(-daemon.Process.Pid, syscall.SIGKILL)
		daemon.Wait()
		if t.Failed() {
			t.Logf("nix-daemon said:\n%s", read(t, log.Name()))
		}
	})
	eventually(t, "nix-daemon listens", func() bool {
		_, err := os.Stat(socket)
		return err == nil
	})

	u := &unprivileged{t: t, store: store, home: filepath.Join(store.dir, "home of nobody")}
	u.uid, _ = strconv.Atoi(nobody.Uid)
	u.gid, _ = strconv.Atoi(nobody.Gid)
	if err := os.Mkdir(u.home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(u.home, u.uid, u.gid); err != nil {
		t.Fatal(err)
	}
	for _, variable := range store.env {
		switch name, _, _ := strings.Cut(variable, "="); name {
		case "HOME", "USER", "LOGNAME", "GOROOT":
		default:
			u.env = append(u.env, variable)
		}
	}
	u.env = append(u.env, "HOME="+u.home, "USER=nobody", "LOGNAME=nobody",
		"XDG_STATE_HOME="+filepath.Join(u.home, "my state"),
		"NIX_DAEMON_SOCKET_PATH="+socket, "NIX_REMOTE=unix://"+socket)
	if u.binary, err = builtBinary(); err != nil {
		t.Fatal(err)
	}
	return u
}

// run runs a program as that user.
func (u *unprivileged) run(program string, args ...string) outcome {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = u.home, u.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(u.uid), Gid: uint32(u.gid)}}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		u.t.Fatalf("%s %q: %v", program, args, err)
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// must is run for what has to succeed.
func (u *unprivileged) must(program string, args ...string) string {
	u.t.Helper()
	r := u.run(program, args...)
	if r.code != 0 {
		u.t.Fatalf("%s %q: exit code %d\n%s%s", program, args, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

func (u *unprivileged) mustSwitchTo(args ...string) {
	u.t.Helper()
	u.must(u.binary, append([]string{"sysvinit-switch", "--host-packages", "--force-disable-user-change",
		"--state-dir", filepath.Join(u.home, "var")}, args...)...)
}

// Who has no privilege at all deploys through a nix-daemon, into directories
// and a profile of their own.
func TestUnprivilegedThroughDaemon(t *testing.T) {
	t.Parallel()
	needsRoot(t, "nginx", "daemon")
	u := newUnprivileged(t)
	d := &deployment{t: t, store: u.store, dir: u.home}
	// Its state directory is "var"; the helpers look in "state".
	if err := os.Symlink("var", d.path("state")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.killAll)

	if r := u.run("touch", filepath.Join(u.store.dir, "store", "file")); r.code == 0 {
		t.Fatal("nobody can write to the store, so nothing needs the daemon")
	}

	ports := freePorts(t, 2)
	ids := fmt.Sprintf("{ ids = { webappPorts.webapp = %d; nginxPorts.nginx = %d; }; }", ports[0], ports[1])
	model := example(t, "webapps-agnostic", "processes.nix")
	u.mustSwitchTo("--extra-params", ids, model)
	answers(t, ports[1], "webapp.local", ports[0])
	for _, name := range []string{"webapp", "nginx"} {
		pid := d.running(name)
		for _, pid := range append(children(t, pid), pid) {
			runsAs(t, name, pid, u.uid, u.gid)
		}
	}

	link := filepath.Join(u.home, "my state", "nix", "profiles", "processes")
	generation := link + "-1-link"
	if target, err := os.Readlink(link); err != nil || target != "processes-1-link" {
		t.Errorf("the profile is %q (%v)", target, err)
	}
	profile, err := os.Readlink(generation)
	if err != nil {
		t.Fatal(err)
	}
	if roots := u.must("nix-store", "--query", "--roots", profile); !strings.Contains(roots, generation) {
		t.Errorf("the generation is no root of the garbage collector: its roots are\n%s", roots)
	}
	requisites := strings.Fields(u.must("nix-store", "--query", "--requisites", profile))
	u.must("nix-store", "--gc")
	for _, path := range requisites {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the profile needs %s, but it was collected", path)
		}
	}

	// The remembered copy of the command is gone now; the same switch is still
	// no change.
	before := d.running("webapp")
	u.mustSwitchTo("--extra-params", ids, model)
	if d.running("webapp") != before {
		t.Error("the same switch after a garbage collection restarted webapp")
	}
	if list := u.must(u.binary, "sysvinit-switch", "--list-generations"); strings.Count(list, "\n") != 1 {
		t.Errorf("the same switch made a generation:\n%s", list)
	}

	u.mustSwitchTo("--undeploy")
	gone(t, before)
	if left, err := filepath.Glob(filepath.Join(u.home, "var", "*", "*.pid")); err != nil || len(left) > 0 {
		t.Errorf("PID files are left: %q (%v)", left, err)
	}
	if list := u.must(u.binary, "sysvinit-switch", "--list-generations"); strings.Count(list, "\n") != 2 {
		t.Errorf("an undeployment makes one generation:\n%s", list)
	}
	if page := get(t, ports[1], "webapp.local"); !strings.Contains(page, "connection refused") {
		t.Errorf("nginx still answers: %s", page)
	}
}

// Who may not make users is told so before anything is changed.
func TestUnprivilegedUserChange(t *testing.T) {
	t.Parallel()
	u := newUnprivileged(t)
	r := u.run(u.binary, "sysvinit-switch", "--host-packages", "--state-dir", filepath.Join(u.home, "var"),
		example(t, "webapps-agnostic", "processes.nix"))
	if r.code != 1 || !strings.Contains(r.stderr, "--force-disable-user-change") {
		t.Errorf("exit code %d, want 1, and\n%s", r.code, r.stderr)
	}
	if _, err := os.Stat(filepath.Join(u.home, "var")); err == nil {
		t.Error("the state directory was made all the same")
	}
	if links, err := filepath.Glob(filepath.Join(u.home, "my state", "nix", "profiles", "*-link")); err != nil || len(links) > 0 {
		t.Errorf("there are generations: %q (%v)", links, err)
	}
}
