package testmachine

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	Inside()
	os.Exit(m.Run())
}

// started is a machine that a test has to itself.
func started(t *testing.T, spec Spec) *Machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can make a machine")
	}
	if spec.Dir == "" {
		spec.Dir = t.TempDir()
	}
	spec.Name = t.Name()
	m, err := Start(t.Context(), spec)
	if err != nil {
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
func says(t *testing.T, m *Machine, user string, argv ...string) string {
	t.Helper()
	cmd := m.Command(t.Context(), user, argv...)
	cmd.Stderr = nil
	out, err := cmd.Output()
	if exit, is := err.(*exec.ExitError); is {
		t.Fatalf("%q: %v: %s", argv, err, exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestOwnMachine(t *testing.T) {
	t.Parallel()
	m := started(t, Spec{Manager: "sysvinit"})
	for _, c := range []struct{ user, script, want string }{
		{"root", "id -u; hostname; pwd; ls -A /root /home/unprivileged /var/lib", "0\nmachine\n/tmp\n/home/unprivileged:\n\n/root:\n\n/var/lib:"},
		{User, "id; echo $HOME $XDG_RUNTIME_DIR; touch ~/file", "uid=1000(unprivileged) gid=100(users) groups=100(users)\n/home/unprivileged /run/user/1000"},
		{"root", "su - unprivileged -c pwd", "/home/unprivileged"},
	} {
		if got := says(t, m, c.user, "sh", "-c", c.script); got != c.want {
			t.Errorf("%s says\n%s\nwant\n%s", c.script, got, c.want)
		}
	}
}
