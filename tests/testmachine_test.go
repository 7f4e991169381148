package tests

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nixproc/lib/testmachine"
)

// machineVariant is a process manager in a private machine, and who deploys with it.
type machineVariant struct {
	manager      string
	unprivileged bool
	needs        []string
	// begin and end are scripts that start the manager, and end it.
	begin, end string
}

// Suites test every manager for both (tests/services).
var machineVariants = []machineVariant{
	{"sysvinit", false, []string{"daemon"}, "", ""},
	{"systemd", false, nil, "", ""},
	{"systemd", true, nil, "", ""},
	{"supervisord", true, []string{"supervisord"}, startSupervisordInside, `kill "$(cat "$SUPERVISORD_CONF_DIR/supervisord.pid")"`},
	{"s6-rc", false, []string{"s6-rc-compile", "s6-svscan"}, `
		nixproc s6-svscan --state-dir "$STATE" >/tmp/s6-svscan.log 2>&1 &
		until s6-svscanctl -a "$STATE/run/service"; do sleep 0.02; done`, `s6-svscanctl -t "$STATE/run/service"`},
	{"docker", true, []string{"dockerd", "docker", "runc"}, startDockerInside, "kill $(cat /var/run/docker.pid)"},
}

const startSupervisordInside = `
mkdir -p "$SUPERVISORD_CONF_DIR/conf.d"
cd "$SUPERVISORD_CONF_DIR"
cat >supervisord.conf <<E
[supervisord]
pidfile = %(here)s/supervisord.pid
logfile = /dev/null
logfile_maxbytes = 0
[unix_http_server]
file = %(here)s/s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://%(here)s/s
[include]
files = conf.d/*
E
supervisord -c supervisord.conf`

// It is root's whoever deploys, and its network needs no care.
const startDockerInside = `
dockerd >/tmp/docker.log 2>&1 &
until docker version >/dev/null 2>&1; do sleep 0.02; done
usermod -a -G docker unprivileged`

func (v machineVariant) name() string {
	if v.unprivileged {
		return v.manager + " unprivileged"
	}
	return v.manager
}

// Each manager deploys in a private machine what was built outside, as root and
// as a user, without a trace on the host; and without Nix.
func TestDeployInMachines(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	hostsAccounts := hostAccounts(t)
	t.Cleanup(func() {
		if hostAccounts(t) != hostsAccounts {
			t.Error("the host's own users or groups changed")
		}
	})
	for _, v := range machineVariants {
		t.Run(v.name(), func(t *testing.T) {
			t.Parallel()
			needsRoot(t, v.needs...)
			d := newDeployment(t)
			state, user, args := "/var", "root", []string(nil)
			if v.manager == "docker" {
				state = "/dockervar"
			}
			if v.unprivileged {
				state, user, args = testmachine.UserHome+"/var", testmachine.User, []string{"--force-disable-user-change"}
			}
			args = append(args, "--state-dir", state)
			model := d.model("model.nix", `{ a = sleeper "a" {
				# As process 1 of a container, sleep alone would take no notice of a signal.
				foregroundProcess = script "a" "trap 'kill $!; exit' TERM; sleep 1000 & wait";
				args = [ ];
				user = "npa";
				credentials = { groups.npa = { }; users.npa.group = "npa"; };
			}; }`)
			var built []string
			for _, file := range []string{model, d.model("empty.nix", "{ }")} {
				said := d.must(d.binary, append([]string{"build", "-P", v.manager, "--host-packages", "--no-out-link", file}, args...)...)
				built = append(built, strings.TrimSpace(said.stdout))
			}

			m := v.machine(t, d, state)
			if v.begin != "" {
				who := user
				if v.manager == "docker" {
					who = "root"
				}
				insideMachine(t, m, who, "set -e\n"+v.begin)
			}
			if v.manager == "systemd" && v.unprivileged {
				args = append(args, "--user")
			}
			if v.manager == "sysvinit" {
				args = append(args, "--runlevel=3")
			}
			args = append([]string{"-P", v.manager}, args...)
			insideMachine(t, m, user, `nixproc deploy "$@"`, append(args, built[0])...)
			owner := "npa"
			if v.unprivileged {
				owner = testmachine.User
			}
			if got := v.owners(t, m); got != owner {
				t.Errorf("what was deployed runs as %q, want %s", got, owner)
			}

			insideMachine(t, m, user, `nixproc deploy "$@"`, append(args, built[1])...)
			if v.end != "" {
				insideMachine(t, m, "root", v.end)
			}
			eventually(t, "the end of all that was deployed", func() bool {
				left, err := m.Processes()
				if err != nil {
					t.Fatal(err)
				}
				return len(left) == 0
			})
		})
	}
}

// owners are the users whose the deployed processes are.
func (v machineVariant) owners(t *testing.T, m *testmachine.Machine) string {
	t.Helper()
	found, err := m.Processes()
	if err != nil {
		t.Fatal(err)
	}
	var owners []string
	for _, p := range found {
		if p.Command == "sleep 1000" {
			owners = append(owners, insideMachine(t, m, "root", fmt.Sprintf("stat -c %%U /proc/%d", p.PID)))
		}
	}
	return strings.Join(owners, " ")
}

// machine is one for a variant, which sees the test's store.
func (v machineVariant) machine(t *testing.T, d *deployment, state string) *testmachine.Machine {
	t.Helper()
	spec := testmachine.Spec{
		Name: v.name(), Manager: v.manager, Unprivileged: v.unprivileged, Dir: d.dir, Path: []string{filepath.Dir(d.binary)},
		Env: []string{"STATE=" + state, "SUPERVISORD_CONF_DIR=" + state + "/lib/supervisord"},
	}
	for _, variable := range d.store.env {
		if strings.HasPrefix(variable, "NIX_") {
			spec.Env = append(spec.Env, variable)
		}
	}
	for _, program := range v.needs {
		if file, err := exec.LookPath(program); err == nil {
			spec.Path = append(spec.Path, filepath.Dir(file))
		}
	}
	begin := time.Now()
	m, err := testmachine.Start(t.Context(), spec)
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(begin).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// insideMachine runs a script that has to succeed, and gives what it says.
func insideMachine(t *testing.T, m *testmachine.Machine, user, script string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var said, complaints strings.Builder
	cmd := m.Command(ctx, user, append([]string{"sh", "-c", script, "sh"}, args...)...)
	cmd.Stdout, cmd.Stderr = &said, &complaints
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatal(fmt.Errorf("%s %q: %w\n%s%s", script, args, err, &said, &complaints))
	}
	return strings.TrimSpace(said.String())
}
