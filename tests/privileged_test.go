package tests

import (
	"fmt"
	"strings"
	"testing"
)

// advanced are the processes of processes-advanced.nix with the numbers of
// their users and groups in ids-advanced.nix.
var advanced = map[string]int{
	"nginx": 2000, "nginx2": 2002,
	"webapp1": 2003, "webapp2": 2004, "webapp3": 2005, "webapp4": 2006, "webapp5": 2007, "webapp6": 2008,
}

// advancedModel is processes-advanced.nix on free ports, and without some of
// its processes.
type advancedModel struct {
	file  string
	ports map[string]int
	mode  string // webappMode, as Nix text
}

func newAdvancedModel(m *machine, mode string) advancedModel {
	m.t.Helper()
	model := advancedModel{ports: map[string]int{}, mode: mode}
	ports := freePorts(m.t, len(advanced))
	for name := range advanced {
		model.ports[name], ports = ports[0], ports[1:]
	}
	model.file = m.write("model.nix", fmt.Sprintf(`{ stateDir, forceDisableUserChange, processManager, ids, webappMode, without }@args:
builtins.removeAttrs (import %q (builtins.removeAttrs args [ "without" ])) without
`, example(m.t, "webapps-agnostic", "processes-advanced.nix")))
	return model
}

// args are those of a switch to the model without the named processes.
func (a advancedModel) args(without ...string) []string {
	set := func(prefix string, numbers map[string]int) string {
		var text strings.Builder
		for name, number := range numbers {
			if strings.HasPrefix(name, prefix) {
				fmt.Fprintf(&text, "%s = %d; ", name, number)
			}
		}
		return "{ " + text.String() + "}"
	}
	left := ""
	for _, name := range without {
		left += fmt.Sprintf("%q ", name)
	}
	return []string{"--extra-params", fmt.Sprintf(
		"{ webappMode = %s; without = [ %s]; ids = { webappPorts = %s; nginxPorts = %s; uids = %s; gids = %s; }; }",
		a.mode, left, set("webapp", a.ports), set("nginx", a.ports), set("", advanced), set("", advanced)), a.file}
}

// Users and groups come with the processes that need them, with their numbers,
// and go after them; each process runs as its own user (P14, D16).
func TestUsersOfProcesses(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"null", `"foreground"`, `"daemon"`} {
		t.Run(strings.Trim(mode, `"`), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			needsRoot(t, "nginx", "daemon")
			model := newAdvancedModel(m, mode)
			m.mustSwitchAsRoot(model.args()...)
			pids := map[string]int{}
			for name, id := range advanced {
				pids[name] = m.running(name)
				m.has(name, id)
				if strings.HasPrefix(name, "webapp") {
					runsAs(t, name, pids[name], id, id)
				}
			}
			for _, name := range []string{"nginx", "nginx2"} {
				runsAs(t, name, pids[name], 0, 0)
				workers := children(t, pids[name])
				if len(workers) == 0 {
					t.Errorf("%s has no workers", name)
				}
				for _, pid := range workers {
					runsAs(t, "a worker of "+name, pid, advanced[name], advanced[name])
				}
			}
			answers(t, model.ports["nginx"], "webapp2.local", model.ports["webapp2"])
			answers(t, model.ports["nginx2"], "webapp6.local", model.ports["webapp6"])

			m.mustSwitchAsRoot(model.args("webapp2")...)
			gone(t, pids["webapp2"])
			m.hasNot("webapp2")
			kept := 0
			for name, pid := range pids {
				if name == "webapp2" {
					continue
				}
				m.has(name, advanced[name])
				if kept++; m.running(name) != pid {
					t.Errorf("%s was restarted, though only webapp2 went", name)
				}
			}
			if kept != 7 {
				t.Errorf("compared %d processes, want 7", kept)
			}

			if r := m.switchAsRoot("--rollback"); r.code != 0 {
				t.Fatalf("rollback: exit code %d\n%s", r.code, r.stderr)
			}
			m.has("webapp2", 2004)
			runsAs(t, "webapp2 after the rollback", m.running("webapp2"), 2004, 2004)

			if r := m.switchAsRoot("--undeploy"); r.code != 0 {
				t.Fatalf("undeploy: exit code %d\n%s", r.code, r.stderr)
			}
			for name := range advanced {
				m.hasNot(name)
			}
			if left := m.processes(); len(left) != 0 {
				t.Errorf("processes are left: %d", left)
			}
			if files := m.program("find", m.path("state"), "-name", "*.pid").stdout; files != "" {
				t.Errorf("PID files are left:\n%s", files)
			}
		})
	}
}

// has checks that a user and a group of that name exist with that number.
func (m *machine) has(name string, id int) {
	m.t.Helper()
	want := fmt.Sprintf("%s:x:%d:%d:User of %s:/dev/null:", name, id, id, name)
	if got := m.account("passwd", name); !strings.HasPrefix(got, want) {
		m.t.Errorf("the user is %q, want %s…", got, want)
	}
	want = fmt.Sprintf("%s:x:%d:", name, id)
	if got := m.account("group", name); got != want {
		m.t.Errorf("the group is %q, want %s", got, want)
	}
}

// hasNot checks that there is no trace of a user or a group.
func (m *machine) hasNot(name string) {
	m.t.Helper()
	for _, file := range accountFiles {
		if got := m.account(file, name); got != "" {
			m.t.Errorf("/etc/%s still has %s", file, got)
		}
	}
}

// sleepers is a model of processes that sleep, each as the user that it names.
// A user is its name, and what else is to be said of it.
func (m *machine) sleepers(file string, users map[string]string, more string) string {
	m.t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, `{ pkgs, stateDir, runtimeDir, logDir, tmpDir, forceDisableUserChange, processManager }:
let
  create = import %s {
    inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager;
  };
  sleeper = instanceName: properties: create {
    inherit instanceName;
    user = instanceName;
    foregroundProcess = "${pkgs.coreutils}/bin/sleep";
    args = [ 300 ];
    credentials = {
      groups.${instanceName} = { };
      users.${instanceName} = { group = instanceName; } // properties;
    };
    overrides.sysvinit.runlevels = [ 3 ];
  };
in
rec {
`, absolute(m.t, "../nixproc/create-managed-process/universal/create-managed-process-universal.nix"))
	for name, properties := range users {
		fmt.Fprintf(&text, "%s.pkg = sleeper %q { %s };\n", name, name, properties)
	}
	return m.write(file, text.String()+more+"}\n")
}

// An account that another profile needs stays until the last of them goes.
func TestSharedUser(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "daemon")
	both := m.sleepers("both.nix", map[string]string{"npshared": "uid = 42101;", "npalone": ""}, "")
	other := m.write("other.nix", fmt.Sprintf(`{ pkgs, stateDir, runtimeDir, logDir, tmpDir, forceDisableUserChange, processManager }@args:
{ other = { pkg = (import %q args).npother.pkg; }; }
`, m.sleepers("others.nix", nil, `npother.pkg = create {
		# No process of the user's keeps it from being removed.
		instanceName = "npother";
		foregroundProcess = "${pkgs.coreutils}/bin/sleep";
		args = [ 301 ];
		credentials = { groups.npshared = { }; users.npshared = { group = "npshared"; uid = 42101; }; };
		overrides.sysvinit.runlevels = [ 3 ];
	};`)))
	m.mustSwitchAsRoot(both)
	m.mustSwitchAsRoot("-p", "other", other)
	pid := m.running("npother")
	m.mustSwitchAsRoot("--undeploy")
	m.hasNot("npalone")
	if got := m.account("passwd", "npshared"); !strings.HasPrefix(got, "npshared:x:42101:") {
		t.Errorf("the profile 'other' needs npshared, but it is now %q", got)
	}
	if m.account("group", "npshared") == "" {
		t.Error("the profile 'other' needs the group npshared, but it was removed")
	}
	if m.running("npother") != pid {
		t.Error("a process of another profile was restarted")
	}
	m.mustSwitchAsRoot("-p", "other", "--undeploy")
	m.hasNot("npshared")
}

// What existed before with another number is used as it is, and said so; what
// nobody of us made is not removed (D16).
func TestUserThatExisted(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "daemon")
	m.inside("groupadd", "-g", "42202", "npold")
	m.inside("useradd", "-u", "42202", "-g", "npold", "-c", "was here", "-d", "/dev/null", "-s", "/bin/sh", "npold")
	before := m.account("passwd", "npold")
	m.inside("useradd", "-u", "42299", "-d", "/dev/null", "-s", "/bin/sh", "npany")
	model := m.sleepers("model.nix", map[string]string{"npold": "uid = 42201;", "npnew": "uid = 42203;", "npany": ""}, "")
	r := m.mustSwitchAsRoot(model)
	if want := "user npold exists with uid 42202; 42201 was asked for: kept"; !strings.Contains(r.stderr, want) {
		t.Errorf("a user with another number is reported as\n%s\nwant %s", r.stderr, want)
	}
	runsAs(t, "npold", m.running("npold"), 42202, 42202)
	if got := m.account("passwd", "npnew"); !strings.HasPrefix(got, "npnew:x:42203:") {
		t.Errorf("the user beside it is %q", got)
	}
	m.mustSwitchAsRoot("--undeploy")
	m.hasNot("npnew")
	if got := m.account("passwd", "npold"); got != before {
		t.Errorf("the user that existed before is %q, want %q", got, before)
	}
	if m.account("passwd", "npany") == "" {
		t.Error("a user that existed before, whose number nobody asked for, is gone")
	}
}

// A switch that fails leaves no user and no group of its own behind, and all
// those that were there before (P5).
func TestUsersOfFailedSwitch(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "daemon")
	users := map[string]string{"npfirst": ""}
	m.mustSwitchAsRoot(m.sleepers("first.nix", users, ""))
	first, account := m.running("npfirst"), m.account("passwd", "npfirst")

	users["npsecond"] = ""
	failing := m.sleepers("failing.nix", users, `npbad.pkg = create {
		instanceName = "npbad";
		daemon = "${pkgs.coreutils}/bin/false";
		dependencies = [ npsecond.pkg ];
		credentials = { groups.npbad = { }; users.npbad.group = "npbad"; };
		overrides.sysvinit.runlevels = [ 3 ];
	};`)
	r := m.switchAsRoot(failing)
	if r.code != 1 || !strings.Contains(r.stderr, "npbad") {
		t.Errorf("a start that fails: exit code %d, want 1, and\n%s", r.code, r.stderr)
	}
	for _, name := range []string{"npsecond", "npbad"} {
		m.hasNot(name)
		if _, _, runs := m.process(name); runs {
			t.Errorf("%s runs after a failed switch", name)
		}
	}
	if m.running("npfirst") != first || m.account("passwd", "npfirst") != account {
		t.Error("a failed switch changed what was there before")
	}
	if list := m.switchAsRoot("--list-generations").stdout; strings.Count(list, "\n") != 1 {
		t.Errorf("a failed switch left a generation behind:\n%s", list)
	}
}

// What is said of a user arrives as it was written (D29).
func TestUserDescription(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	needsRoot(t, "daemon")
	const description = "it's \"quoted\", `id -u` $(id) ${HOME} $1 \\n 100% é=*?[a]{b,c};|&<>#!~"
	nix := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(description)
	m.mustSwitchAsRoot(m.sleepers("model.nix", map[string]string{
		"nphard": `uid = 42301; description = "` + nix + `"; homeDir = "/np home/it's"; shell = "/bin/sh";`,
	}, ""))
	want := "nphard:x:42301:"
	got := m.account("passwd", "nphard")
	fields := strings.Split(got, ":")
	if !strings.HasPrefix(got, want) || len(fields) != 7 || fields[4] != description || fields[5] != "/np home/it's" || fields[6] != "/bin/sh" {
		t.Errorf("got  %s\nwant %s…:%s:/np home/it's:/bin/sh", got, want, description)
	}
}
