package testmachine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	Inside()
	if spec := os.Getenv(driverVariable); spec != "" {
		if err := drive(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can make a machine")
	}
}

// started is a machine that a test has to itself.
func started(t *testing.T, spec Spec) *Machine {
	t.Helper()
	needsRoot(t)
	spec.Name, spec.Dir = t.Name(), t.TempDir()
	m, err := Start(t.Context(), spec)
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// says is what a program inside says, which has to succeed.
func says(t *testing.T, m *Machine, user, script string) string {
	t.Helper()
	out, err := m.Command(t.Context(), user, "sh", "-c", script).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("%s: %v: %s", script, err, exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// What is inside is the machine's own, but for programs, and does not get out.
func TestOwnMachine(t *testing.T) {
	t.Parallel()
	m := started(t, Spec{Manager: "sysvinit", Path: []string{"/nowhere", t.TempDir()}, Env: []string{"MORE=value"}})
	outside := t.TempDir()
	if out, err := exec.Command("cp", "--archive", "/etc/passwd", "/etc/shadow", m.spec.Dir).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	for _, c := range []struct{ user, script, want string }{
		{"root", "id -un; hostname; pwd; echo $HOME $MORE", "root\nmachine\n/tmp\n/root value"},
		{"root", "ls -A /root /home /var/lib /var/log /var/run/", "/home:\nunprivileged\n\n/root:\n\n/var/lib:\n\n/var/log:\n\n/var/run/:\nlock\nuser"},
		{User, "id; echo $HOME $XDG_RUNTIME_DIR; touch ~/file $XDG_RUNTIME_DIR/file",
			"uid=1000(unprivileged) gid=100(users) groups=100(users)\n/home/unprivileged /run/user/1000"},
		{User, "cat /etc/shadow 2>&1", "cat: /etc/shadow: Permission denied"},
		{"root", "stat -c '%a %U %G' /etc/passwd /etc/shadow", says(t, m, "root", "stat -c '%a %U %G' "+m.spec.Dir+"/passwd "+m.spec.Dir+"/shadow")},
		{"root", "su - unprivileged -c pwd", "/home/unprivileged"},
		{"root", "groupadd more && usermod -a -G more unprivileged", ""},
		{User, "id -Gn", "users more"},
		{"root", "grep -c : /proc/net/dev; cat /proc/net/route | wc -l", "1\n1"},
		{"root", "tr '\\0' '\\n' </proc/1/cmdline | head -n 1", "nixproc-machine"},
		{"root", "touch /usr/file 2>&1", "touch: cannot touch '/usr/file': Read-only file system"},
		{"root", "value=$(cat /proc/sys/vm/swappiness); echo $value 2>&1 >/proc/sys/vm/swappiness", "sh: 1: cannot create /proc/sys/vm/swappiness: Read-only file system"},
		{"root", "echo 77 >/proc/sys/net/ipv4/ip_default_ttl; cat /proc/sys/net/ipv4/ip_default_ttl", "77"},
		// Which might do harm if it could: sys_module, sys_rawio, sys_time.
		{"root", "bits=$(sed -n 's/^CapEff:[[:space:]]*/0x/p' /proc/self/status); echo $((bits >> 16 & 1)) $((bits >> 17 & 1)) $((bits >> 25 & 1))", "0 0 0"},
		{"root", "touch '" + outside + "/file' 2>&1", "touch: cannot touch '" + outside + "/file': No such file or directory"},
	} {
		got, _ := m.Command(t.Context(), c.user, "sh", "-c", c.script).CombinedOutput()
		if strings.TrimSpace(string(got)) != c.want {
			t.Errorf("%s: %s says\n%s\nwant\n%s", c.user, c.script, got, c.want)
		}
	}
	if text, err := os.ReadFile("/etc/group"); err != nil || strings.Contains(string(text), "\nmore:") {
		t.Error("the host's groups have changed:", err)
	}
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_default_ttl"); err != nil || string(text) == "77\n" {
		t.Errorf("the network of the host has another setting: %s, %v", text, err)
	}
}

// Both sides see the machine's directory, and those of its PATH.
func TestDirectories(t *testing.T) {
	t.Parallel()
	prefix := t.TempDir()
	programs := filepath.Join(prefix, "bin")
	script := "#!/bin/sh\n. \"${0%/*}/../libexec/own library\"\n"
	if err := errors.Join(
		os.Mkdir(programs, 0o755), os.WriteFile(programs+"/own-program", []byte(script), 0o755),
		os.Mkdir(prefix+"/libexec", 0o755), os.WriteFile(prefix+"/libexec/own library", []byte("echo my own program"), 0o644),
	); err != nil {
		t.Fatal(err)
	}
	m := started(t, Spec{Manager: "sysvinit", Path: []string{programs}})
	if got := says(t, m, User, "own-program; touch "+programs+"/file 2>&1; exit 0"); got != "my own program\ntouch: cannot touch '"+programs+"/file': Read-only file system" {
		t.Error(got)
	}
	says(t, m, "root", "echo text >'"+m.spec.Dir+"/file'")
	if text, err := os.ReadFile(filepath.Join(m.spec.Dir, "file")); err != nil || string(text) != "text\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	m := started(t, Spec{Manager: "sysvinit"})
	for _, c := range []struct {
		script string
		code   int
	}{{"exit 0", 0}, {"exit 7", 7}, {"kill -9 $$", 128 + 9}} {
		err := m.Command(t.Context(), "root", "sh", "-c", c.script).Run()
		var exit *exec.ExitError
		if code := 0; errors.As(err, &exit) {
			code = exit.ExitCode()
			if code != c.code {
				t.Errorf("%s: exit code %d, want %d", c.script, code, c.code)
			}
		} else if err != nil || c.code != 0 {
			t.Errorf("%s: %v", c.script, err)
		}
	}
	for _, c := range []struct{ user, program, want string }{
		{"nobody-knows", "true", "there is no user nobody-knows: user: unknown user nobody-knows"},
		{"root", "no-such-program", `exec: "no-such-program": executable file not found in $PATH`},
	} {
		out, err := m.Command(t.Context(), c.user, c.program).CombinedOutput()
		if err == nil || strings.TrimSpace(string(out)) != c.want {
			t.Errorf("%s as %s: %v: %s", c.program, c.user, err, out)
		}
	}

	// Whoever does not wait longer ends all that the program has started.
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := m.Command(ctx, "root", "sh", "-c", "sleep 98 & sleep 99").Run()
	if err == nil || time.Since(start) > 30*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
	left(t, m)
}

// left checks what still runs.
func left(t *testing.T, m *Machine, want ...string) {
	t.Helper()
	var got []string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		found, err := m.Processes()
		if err != nil {
			t.Fatal(err)
		}
		got = nil
		for _, p := range found {
			got = append(got, p.Command)
		}
		if fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
	}
	t.Errorf("there run %q, want %q", got, want)
}

// What lost its parent is found, and reaped when it ends.
func TestProcesses(t *testing.T) {
	t.Parallel()
	m := started(t, Spec{Manager: "sysvinit"})
	left(t, m)
	says(t, m, User, "setsid sleep 97 >/dev/null 2>&1 & sleep 0.1 & exit 0")
	left(t, m, "sleep 97")
	found, err := m.Processes()
	if err != nil {
		t.Fatal(err)
	}
	reaped := fmt.Sprintf("kill %[1]d; for i in $(seq 1000); do test -e /proc/%[1]d || exit 0; sleep 0.02; done; cat /proc/%[1]d/stat", found[0].PID)
	if got := says(t, m, "root", reaped); got != "" {
		t.Error("it is not reaped:", got)
	}
	left(t, m)
}

// A collection of garbage inside must not remove what the host has.
func TestOwnStore(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	if _, err := exec.LookPath("nix-store"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	env := []string{"NIX_STORE_DIR=" + dir + "/store", "NIX_STATE_DIR=" + dir + "/var", "NIX_LOG_DIR=" + dir + "/log", "NIX_CONF_DIR=" + dir + "/etc"}
	nix := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("nix-store", args...)
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(args, err)
		}
		return strings.TrimSpace(string(out))
	}
	file := filepath.Join(dir, "text")
	if err := errors.Join(os.Mkdir(dir+"/etc", 0o755), os.WriteFile(dir+"/etc/nix.conf", []byte("build-users-group =\n"), 0o644), os.WriteFile(file, []byte("text"), 0o644)); err != nil {
		t.Fatal(err)
	}
	path := nix("--add", file)
	if err := errors.Join(os.MkdirAll(dir+"/var/profiles", 0o755), os.Symlink(path, dir+"/var/profiles/processes")); err != nil {
		t.Fatal(err)
	}
	m := started(t, Spec{Manager: "sysvinit", Env: env})
	if got := says(t, m, "root", "nix-store --query --references "+path+"; cat "+path+"; ls $NIX_STATE_DIR/profiles; nix-store --gc >/dev/null 2>&1; cat "+path+" || echo gone"); got != "textper-user\ngone" {
		t.Error(got)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "text" {
		t.Errorf("the host's store: %q, %v", text, err)
	}
	nix("--check-validity", path)
}

// What goes wrong is told, and leaves nothing.
func TestNotStarted(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{Dir: "/nowhere"}, "open /nowhere/console.log: no such file or directory"},
		{Spec{Dir: t.TempDir(), Env: []string{"NIX_CONF_DIR=/not/there"}}, "stat /not/there: no such file or directory"},
		{Spec{Dir: t.TempDir(), Manager: "systemd", Env: []string{"NIX_STORE_DIR=/etc/passwd"}}, "mkdir /sys/root/etc/passwd: not a directory"},
	} {
		c.spec.Name = "unlucky"
		m, err := Start(t.Context(), c.spec)
		if err == nil {
			m.Stop()
		}
		if err == nil || err.Error() != "the machine unlucky can't be started: "+c.want {
			t.Errorf("%+v: %v", c.spec, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("nobody wants it"))
	if _, err := Start(ctx, Spec{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "nobody wants it") {
		t.Error(err)
	}
}

// How long it takes until a machine can be used, and until it is gone.
func BenchmarkMachine(b *testing.B) {
	for _, spec := range []Spec{{Manager: "sysvinit"}, {Manager: "systemd"}, {Manager: "systemd", Unprivileged: true}} {
		b.Run(fmt.Sprintf("%s/unprivileged=%t", spec.Manager, spec.Unprivileged), func(b *testing.B) {
			spec.Dir = b.TempDir()
			var starts, stops time.Duration
			for b.Loop() {
				begin := time.Now()
				m, err := Start(b.Context(), spec)
				if err != nil {
					b.Fatal(err)
				}
				started := time.Now()
				if err := m.Stop(); err != nil {
					b.Fatal(err)
				}
				starts, stops = starts+started.Sub(begin), stops+time.Since(started)
			}
			b.ReportMetric(starts.Seconds()/float64(b.N), "s/start")
			b.ReportMetric(stops.Seconds()/float64(b.N), "s/stop")
		})
	}
}
