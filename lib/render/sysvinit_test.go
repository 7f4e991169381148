package render

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixproc/lib/manager/sysvinit"
	"nixproc/lib/model"
)

func text(s string) *string { return &s }

// spec is a specification as the Nix code would write it, with the defaults of
// create-sysvinit-script.nix.
func spec(change func(*sysvinitSpec)) sysvinitSpec {
	s := sysvinitSpec{
		Settings: sysvinitSettings{
			MaxSequence: 99, SupportedRunlevels: []string{"0", "1", "2", "3", "4", "5", "6"},
			StartProcessAsDaemon: "/nix/store/d-daemon/bin/daemon", InitFunctions: "/nix/store/i-init-functions", Shell: "/bin/sh",
			RuntimeDir: "/var/run", LogDir: "/var/log", TmpDir: "/tmp",
		},
		InstanceName: text("webapp"), Description: "webapp", ProcessIsDaemon: true, EnableDaemonOutputLogging: true,
		Process: text("/nix/store/w-webapp/bin/webapp"), ReloadSignal: "-HUP", Runlevels: []string{"3", "4", "5"},
	}
	if change != nil {
		change(&s)
	}
	return s
}

func process(t *testing.T, name string, s sysvinitSpec, dependencies ...string) model.Process {
	t.Helper()
	if s.InstanceName != nil && *s.InstanceName == "webapp" {
		s.InstanceName = &name
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return model.Process{Attribute: name, Name: name, Schema: model.Schema, Manager: "sysvinit", Parameters: data, Dependencies: dependencies}
}

// modelOf is a model in which each process has settings of its own.
func modelOf(t *testing.T, processes ...model.Process) model.Model {
	t.Helper()
	m := model.Model{Schema: model.Schema, Manager: "sysvinit", Settings: map[string]json.RawMessage{}}
	for _, p := range processes {
		var parameters struct {
			Settings json.RawMessage `json:"settings"`
		}
		if err := json.Unmarshal(p.Parameters, &parameters); err != nil {
			t.Fatal(err)
		}
		p.Settings = "settings of " + p.Name
		m.Settings[p.Settings] = parameters.Settings
		m.Processes = append(m.Processes, p)
	}
	return m
}

func renderAll(t *testing.T, processes ...model.Process) *Profile {
	t.Helper()
	m := modelOf(t, processes...)
	if _, err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	p, err := Render(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func script(t *testing.T, s sysvinitSpec) string {
	t.Helper()
	return string(renderAll(t, process(t, "webapp", s)).Files["etc/rc.d/init.d/webapp"].Content)
}

// activity gives the lines of one branch of the script.
func activity(t *testing.T, text, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n"+name+")\n")
	branch, _, ended := strings.Cut(rest, "\n;;\n")
	if !ok || !ended {
		t.Fatalf("no activity %s in\n%s", name, text)
	}
	return branch
}

func TestInitScript(t *testing.T) {
	got := script(t, spec(func(s *sysvinitSpec) {
		s.Args = []string{"-D", "two words"}
		s.Environment = map[string]string{"PORT": "5000", "MESSAGE": "it's $5 `now`\n\"100%\" \\"}
		s.Path = []string{"/nix/store/a", "/nix/store/b"}
		s.Umask = text("027")
		s.Initialize = "mkdir -p /var/webapp"
		s.Description = "A web\napplication"
	}))
	const want = `#!/bin/sh

### BEGIN INIT INFO
# Provides:          webapp
# Default-Start:     3 4 5
# Default-Stop:      0 1 2 6
# Description:       A web application
### END INIT INFO

. /nix/store/i-init-functions
umask 027
export MESSAGE='it'\''s $5 ` + "`now`" + `
"100%" \'
export PATH=/nix/store/a/bin:/nix/store/b/bin:"$PATH"
export PORT=5000

case "$1" in
start)
log_info_msg 'Starting A web
application...'
mkdir -p /var/webapp
start_daemon -f -p /var/run/webapp.pid /nix/store/w-webapp/bin/webapp -D 'two words'
evaluate_retval
;;
stop)
log_info_msg 'Stopping A web
application...'
killproc -p /var/run/webapp.pid /nix/store/w-webapp/bin/webapp
evaluate_retval
;;
reload)
log_info_msg 'Reloading A web
application...'
killproc -p /var/run/webapp.pid /nix/store/w-webapp/bin/webapp -HUP
evaluate_retval
;;
restart)
"$0" stop
"$0" start
;;
status)
statusproc -p /var/run/webapp.pid /nix/store/w-webapp/bin/webapp
;;
*)
echo "Usage: $0 "'{start|stop|reload|restart|status}' >&2
exit 2
;;
esac
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestStartInstruction(t *testing.T) {
	const webapp = "/nix/store/w-webapp/bin/webapp"
	const daemon = "start_daemon -f -p %s /nix/store/d-daemon/bin/daemon --unsafe --inherit"
	note := func(pidFile string) string {
		return ` -- /bin/sh -c 'rm -f "$1" && set -C && echo "$$" >"$1" && shift && exec "$@"' sh ` + pidFile + " "
	}
	// What root lends to a user, who writes to it.
	lent := func(pidFile, rest string) string {
		return "{ pidofproc -p " + pidFile + " " + webapp + " >/dev/null || { " + lend(pidFile, "u") + "; }; } &&\n" +
			lendLog("/tmp/nixproc-webapp.log", "u") + " &&\n" +
			fmt.Sprintf(daemon, pidFile) + rest + " --user u" + ` -- /bin/sh -c 'echo "$$" >"$1" && shift && exec "$@"' sh ` + pidFile + " " + webapp
	}
	for _, test := range []struct {
		what   string
		change func(*sysvinitSpec)
		want   string
	}{
		{"a daemon of another user", func(s *sysvinitSpec) { s.User = text("web app"); s.Args = []string{"it's"} },
			`start_daemon -f -p /tmp/webapp.pid su 'web app' -s /bin/sh -c '` + webapp + ` '\''it'\''\'\'''\''s'\'''`},
		{"users are not changed, but the pid file stays where it is", func(s *sysvinitSpec) { s.User = text("u"); s.Settings.ForceDisableUserChange = true },
			"start_daemon -f -p /tmp/webapp.pid " + webapp},
		{"D30: an integer nice", func(s *sysvinitSpec) { s.Nice = text("5") },
			"start_daemon -f -p /var/run/webapp.pid -n 5 " + webapp},
		{"a directory", func(s *sysvinitSpec) { s.Directory = text("/var/a folder") },
			"cd '/var/a folder' &&\nstart_daemon -f -p /var/run/webapp.pid " + webapp},
		{"a given pid file", func(s *sysvinitSpec) { s.PIDFile = text("/x/y z.pid") },
			"start_daemon -f -p '/x/y z.pid' " + webapp},
		{"a foreground process", func(s *sysvinitSpec) { s.ProcessIsDaemon = false },
			fmt.Sprintf(daemon, "/var/run/webapp.pid") + " --output /var/log/nixproc-webapp.log" + note("/var/run/webapp.pid") + webapp},
		{"a foreground process with a umask", func(s *sysvinitSpec) { s.ProcessIsDaemon = false; s.Umask = text("u=rwx,go=rx") },
			fmt.Sprintf(daemon, "/var/run/webapp.pid") + " --output /var/log/nixproc-webapp.log --umask \"$(umask)\"" + note("/var/run/webapp.pid") + webapp},
		{"D38: a foreground process with nice", func(s *sysvinitSpec) { s.ProcessIsDaemon = false; s.Nice = text("-3") },
			"start_daemon -f -p /var/run/webapp.pid -n -3 /nix/store/d-daemon/bin/daemon --unsafe --inherit --output /var/log/nixproc-webapp.log" + note("/var/run/webapp.pid") + webapp},
		{"a foreground process of another user", func(s *sysvinitSpec) { s.ProcessIsDaemon = false; s.User = text("u") },
			lent("/tmp/webapp.pid", " --output /tmp/nixproc-webapp.log")},
		{"a foreground process without a log", func(s *sysvinitSpec) { s.ProcessIsDaemon = false; s.EnableDaemonOutputLogging = false },
			fmt.Sprintf(daemon, "/var/run/webapp.pid") + note("/var/run/webapp.pid") + webapp},
		{"a foreground process without a name of the instance", func(s *sysvinitSpec) {
			s.ProcessIsDaemon = false
			s.InstanceName = nil
			s.Process = text("/x/bin/thing")
		},
			fmt.Sprintf(daemon, "/var/run/thing.pid") + " --output /var/log/nixproc-webapp.log" + note("/var/run/thing.pid") + "/x/bin/thing"},
		{"D24: a daemon without a name of the instance", func(s *sysvinitSpec) { s.InstanceName = nil; s.Process = text("/x/bin/thing") },
			"start_daemon -f -p /var/run/thing.pid /x/bin/thing"},
		{"a foreground process of another user with a given pid file", func(s *sysvinitSpec) { s.ProcessIsDaemon = false; s.User = text("u"); s.PIDFile = text("/run/w.pid") },
			lent("/run/w.pid", " --output /tmp/nixproc-webapp.log")},
		{"another command that starts", func(s *sysvinitSpec) { s.Settings.StartDaemon = text("loadproc") },
			"loadproc -f -p /var/run/webapp.pid " + webapp},
	} {
		t.Run(test.what, func(t *testing.T) {
			branch := activity(t, script(t, spec(test.change)), "start")
			want := "log_info_msg 'Starting webapp...'\n" + test.want + "\nevaluate_retval"
			if branch != want {
				t.Errorf("got\n%s\nwant\n%s", branch, want)
			}
		})
	}
}

func TestActivitiesAndInstructions(t *testing.T) {
	got := script(t, spec(func(s *sysvinitSpec) {
		s.Instructions = map[string]instruction{
			"reload":  {"Rereading", "kill -1 $(cat /x)"},
			"backup":  {"Saving", "tar c /var/x\n"},
			"restart": {"Restarting", "true"},
		}
		s.Activities = map[string]string{"status": "echo fine", "*": "exit 64", "a b": "echo spaced"}
		s.RemoveActivities = []string{"restart"}
	}))
	if branch := activity(t, got, "reload"); branch != "log_info_msg 'Rereading webapp...'\nkill -1 $(cat /x)\nevaluate_retval" {
		t.Error(branch)
	}
	if branch := activity(t, got, "backup"); branch != "log_info_msg 'Saving webapp...'\ntar c /var/x\nevaluate_retval" {
		t.Error(branch)
	}
	if activity(t, got, "status") != "echo fine" || activity(t, got, "*") != "exit 64" || activity(t, got, "'a b'") != "echo spaced" {
		t.Error(got)
	}
	if strings.Contains(got, "\nrestart)") {
		t.Error("a removed activity is there")
	}
	several := script(t, spec(func(s *sysvinitSpec) { s.Activities = map[string]string{"reload|force-reload": "echo again"} }))
	if activity(t, several, "reload|force-reload") != "echo again" {
		t.Error(several)
	}
	without := script(t, spec(func(s *sysvinitSpec) { s.Process = nil; s.Activities = map[string]string{"start": "echo hi"} }))
	if strings.Contains(without, "killproc") || !strings.Contains(without, "{start}") {
		t.Errorf("a script without a process has more than it was given:\n%s", without)
	}
}

func TestLinksFollowTheOrder(t *testing.T) {
	p := renderAll(t,
		process(t, "nginx", spec(nil), "webapp", "elsewhere"),
		process(t, "webapp", spec(func(s *sysvinitSpec) {
			s.Runlevels = nil
			s.DefaultStart = []string{"2"}
			s.DefaultStop = []string{"6"}
		})),
		process(t, "none", spec(func(s *sysvinitSpec) { s.Runlevels = nil })),
	)
	var got []string
	for path, file := range p.Files {
		if file.Link != "" {
			got = append(got, path+" -> "+file.Link)
		}
	}
	slices.Sort(got)
	var want []string
	for _, level := range []string{"0", "1", "2", "6"} {
		want = append(want, "etc/rc.d/rc"+level+".d/K98nginx -> ../init.d/nginx")
	}
	for _, level := range []string{"3", "4", "5"} {
		want = append(want, "etc/rc.d/rc"+level+".d/S01nginx -> ../init.d/nginx")
	}
	want = append(want, "etc/rc.d/rc2.d/S00webapp -> ../init.d/webapp", "etc/rc.d/rc6.d/K99webapp -> ../init.d/webapp")
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Guards D19, D26 and "an upgrade restarts nothing": the key covers what the
// running process depends on, and nothing else.
func TestRestartKey(t *testing.T) {
	key := func(s sysvinitSpec, dependencies ...string) string {
		return renderAll(t, process(t, "webapp", s, dependencies...)).Manifest.Processes[0].Key
	}
	base := key(spec(nil))
	for what, change := range map[string]func(*sysvinitSpec){
		"shell":                                  func(s *sysvinitSpec) { s.Settings.Shell = "/nix/store/x/bin/sh" },
		"shell functions":                        func(s *sysvinitSpec) { s.Settings.InitFunctions = "/nix/store/other" },
		"description":                            func(s *sysvinitSpec) { s.Description = "other" },
		"runlevels":                              func(s *sysvinitSpec) { s.Runlevels = []string{"2"} },
		"sequence numbers":                       func(s *sysvinitSpec) { s.Settings.MinSequence = 50 },
		"daemon(1), which a daemon does not use": func(s *sysvinitSpec) { s.Settings.StartProcessAsDaemon = "/other" },
	} {
		if key(spec(change)) != base {
			t.Errorf("another %s would restart the process", what)
		}
	}
	if key(spec(nil), "database") != base {
		t.Error("another dependency would restart the process")
	}
	for what, change := range map[string]func(*sysvinitSpec){
		"program":       func(s *sysvinitSpec) { s.Process = text("/other") },
		"argument":      func(s *sysvinitSpec) { s.Args = []string{"-x"} },
		"environment":   func(s *sysvinitSpec) { s.Environment = map[string]string{"A": "b"} },
		"path":          func(s *sysvinitSpec) { s.Path = []string{"/x"} },
		"user":          func(s *sysvinitSpec) { s.User = text("u") },
		"umask":         func(s *sysvinitSpec) { s.Umask = text("077") },
		"nice":          func(s *sysvinitSpec) { s.Nice = text("1") },
		"directory":     func(s *sysvinitSpec) { s.Directory = text("/x") },
		"initialize":    func(s *sysvinitSpec) { s.Initialize = "true" },
		"pid file":      func(s *sysvinitSpec) { s.PIDFile = text("/x.pid") },
		"stop activity": func(s *sysvinitSpec) { s.Activities = map[string]string{"stop": "true"} },
	} {
		if key(spec(change)) == base {
			t.Errorf("another %s would not restart the process", what)
		}
	}
}

func TestWhatAScriptCannotHoldIsRefused(t *testing.T) {
	_, err := Render(modelOf(t,
		process(t, "one", spec(func(s *sysvinitSpec) {
			s.Environment = map[string]string{"A-B": ""}
			s.Nice = text("20")
			s.Umask = text("9")
		})),
		process(t, "two", spec(func(s *sysvinitSpec) { s.Runlevels = []string{"7x"} })),
		process(t, "three", spec(func(s *sysvinitSpec) { s.PIDFile = text("/x.pid") })),
		process(t, "four", spec(func(s *sysvinitSpec) { s.PIDFile = text("/x.pid") })),
		process(t, "five", spec(func(s *sysvinitSpec) { s.Process = nil })),
	))
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{"process 'one'", `"A-B"`, `nice: "20"`, `umask: "9"`, "process 'two'", `"7x"`,
		"process 'four': it has the pid file of the process 'three'", "process 'five': it has runlevels to start in, but nothing to start"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %s: %v", part, err)
		}
	}
}

// What Render says of a process, Units reads back from the built profile.
func TestUnitsReadsWhatBuildWrote(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a profile")
	m := modelOf(t, process(t, "webapp", spec(nil)),
		process(t, "nginx", spec(func(s *sysvinitSpec) { s.Runlevels = []string{"2"} }), "webapp"))
	if err := Build(m, dir); err != nil {
		t.Fatal(err)
	}
	units, err := sysvinit.Manager{Runlevel: "3"}.Units(dir)
	if err != nil || len(units) != 2 {
		t.Fatalf("%d units, error %v", len(units), err)
	}
	nginx, webapp := units[0], units[1]
	if nginx.Name != "nginx" || nginx.Rank != 1 || nginx.Wanted || nginx.WhyNot != "it starts in runlevel 2, this is 3" {
		t.Errorf("%+v", nginx)
	}
	if !webapp.Wanted || webapp.PIDFile != "/var/run/webapp.pid" || !webapp.PIDFileCertain || webapp.Log != "/var/log/nixproc-webapp.log" || webapp.Program != "/nix/store/w-webapp/bin/webapp" {
		t.Errorf("%+v", webapp)
	}
	info, err := os.Stat(webapp.File)
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info, err)
	}
	if len(renderAll(t, m.Processes...).Manifest.Processes[0].Files) != 1 {
		t.Error("the manifest lists no files")
	}
}
