package render

import (
	"encoding/json"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"

	"nixproc/lib/model"
)

func bsdrcProcess(t *testing.T, name string, spec bsdrcSpec) model.Process {
	t.Helper()
	parameters, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return model.Process{Attribute: name, Name: name, Schema: model.Schema, Manager: "bsdrc", Settings: "s", Parameters: parameters}
}

func bsdrcModel(t *testing.T, settings bsdrcSettings, processes ...model.Process) model.Model {
	t.Helper()
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return model.Model{Schema: model.Schema, Manager: "bsdrc", Processes: processes, Settings: map[string]json.RawMessage{"s": raw}}
}

var usualRC = bsdrcSettings{
	RCSubr: "/etc/rc.subr", BuiltinCommands: []string{"start", "stop", "reload", "restart", "status", "poll", "rcvar"},
	DefaultReloadSignal: "HUP", DefaultStopSignal: "TERM",
}

// D39: what is made a daemon has a pid file and a log.
func TestBsdrcText(t *testing.T) {
	t.Parallel()
	db := bsdrcProcess(t, "my-db", bsdrcSpec{
		Words: []string{"/bin/db"}, Program: text("/bin/db"), Procname: text("/bin/db"), CommandIsDaemon: true,
		Provides: []string{"database"}, Requires: []string{"NETWORKING"}, Keywords: []string{"shutdown"},
		ReloadSignal: "USR1", StopSignal: "INT", PIDFile: text("/a folder/db.pid"), Directory: text("/a b"),
		RequiredDirs: []string{"/a", "/b"}, FlexibleParameters: true, LoginClass: text("web"), OOMProtect: text("YES"), FIB: text("2"), Limits: text("-n 100"),
		Commands: map[string]map[string]string{"dump": {"pre": "true", "implementation": "cat <<X\n$name\nX", "post": ""}},
	})
	web := bsdrcProcess(t, "web", bsdrcSpec{
		Words: []string{"/usr/sbin/daemon", "-p", "/run/web.pid", "-o", "/log/web.log", "/bin/web", "-x", "1"}, Program: text("/bin/web"), Procname: text("/bin/web"),
		Provides: []string{"web"}, ReloadSignal: "HUP", StopSignal: "TERM", PIDFile: text("/run/web.pid"), LogFile: text("/log/web.log"),
		User: text("www"), Nice: text("-5"), Umask: text("027"), Path: []string{"/one", "/two"}, Environment: map[string]string{"A": "it's"},
		RCVar: text("enabled"), RCVarsDefaults: map[string]string{"port": "a b"}, Commands: map[string]map[string]string{"start": {"pre": "mkdir /x"}},
	})
	web.Dependencies = []string{"my-db", "elsewhere"}
	profile := mustRender(t, bsdrcModel(t, usualRC, db, web))
	const interpreter = `
nixproc_interpreter() {
	[ -r "$1" ] && read -r nixproc_line <"$1" || return 0
	case $nixproc_line in '#!'*) ;; *) return 0 ;; esac
	set -- ${nixproc_line#??}
	case $1 in */env) shift ;; esac
	command_interpreter=$1
}
`
	for file, want := range map[string]string{
		"etc/rc.d/my-db": `#!/bin/sh

# PROVIDE: database
# REQUIRE: NETWORKING
# KEYWORD: shutdown

. /etc/rc.subr

name=my_db

load_rc_config "$name"

command=/bin/db
procname=/bin/db
nixproc_pidfile='/a folder/db.pid'
pidfile='"$nixproc_pidfile"'
required_dirs='/a /b'
sig_reload=USR1
sig_stop=INT
nixproc_my_db_chdir='/a b'
my_db_chdir='"$nixproc_my_db_chdir"'
my_db_fib=2
my_db_limits='-n 100'
my_db_login_class=web
my_db_oomprotect=YES
` + interpreter + `nixproc_interpreter /bin/db
extra_commands='reload dump'

dump_precmd=my_db_predump
my_db_predump() {
:
true
}

dump_cmd=my_db_dump
my_db_dump() {
:
cat <<X
$name
X
}

dump_postcmd=my_db_postdump
my_db_postdump() {
:
}

run_rc_command "$@"
`,
		"etc/rc.d/web": `#!/bin/sh

# PROVIDE: web
# REQUIRE: database elsewhere LOGIN

. /etc/rc.subr

name=web
rcvar=web_enabled

load_rc_config "$name"
[ -n "$web_enabled" ] || web_enabled=NO
[ -n "$web_port" ] || web_port='a b'

umask 027
command=/usr/sbin/daemon
command_args='-p /run/web.pid -o /log/web.log /bin/web -x 1'
procname=/bin/web
pidfile=/run/web.pid
web_nice=-5
web_user=www
` + interpreter + `nixproc_interpreter /bin/web
extra_commands=reload

start_precmd=web_prestart
web_prestart() {
:
mkdir /x
` + lendLog("/log/web.log", "www") + ` &&
rm -f /run/web.pid && (set -C && : >/run/web.pid) && chown www /run/web.pid
}

export A='it'\''s'
export PATH=/one/bin:/two/bin:"$PATH"
run_rc_command "$1"
`,
	} {
		if got := string(profile.Files[file].Content); got != want {
			t.Errorf("%s says\n%s\nwant\n%s", file, got, want)
		}
		if _, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(want), file); err != nil {
			t.Error(err)
		}
		if !profile.Files[file].Executable {
			t.Errorf("%s can't be executed", file)
		}
	}
}

// Neither the order, nor how the machine boots, nor where rc.subr is, nor the
// path of the launcher restarts anything; what the process gets does.
func TestBsdrcKey(t *testing.T) {
	t.Parallel()
	key := func(change func(*bsdrcSpec, *bsdrcSettings, *model.Process)) string {
		spec := bsdrcSpec{Words: []string{"/bin/a", "x"}, Launcher: text("/store/1"), Environment: map[string]string{"A": "1"}, ReloadSignal: "HUP", StopSignal: "TERM"}
		settings := usualRC
		p := model.Process{}
		if change != nil {
			change(&spec, &settings, &p)
		}
		process := bsdrcProcess(t, "a", spec)
		process.Dependencies = p.Dependencies
		return mustRender(t, bsdrcModel(t, settings, process)).Manifest.Processes[0].Key
	}
	usual := key(nil)
	for what, change := range map[string]func(*bsdrcSpec, *bsdrcSettings, *model.Process){
		"rc.subr":      func(_ *bsdrcSpec, s *bsdrcSettings, _ *model.Process) { s.RCSubr = "/other" },
		"launcher":     func(s *bsdrcSpec, _ *bsdrcSettings, _ *model.Process) { s.Launcher = text("/store/2") },
		"rcvar":        func(s *bsdrcSpec, _ *bsdrcSettings, _ *model.Process) { s.RCVar = text("on") },
		"keywords":     func(s *bsdrcSpec, _ *bsdrcSettings, _ *model.Process) { s.Keywords = []string{"shutdown"} },
		"requires":     func(s *bsdrcSpec, _ *bsdrcSettings, _ *model.Process) { s.Requires = []string{"X"} },
		"dependencies": func(_ *bsdrcSpec, _ *bsdrcSettings, p *model.Process) { p.Dependencies = []string{"z"} },
	} {
		if key(change) != usual {
			t.Errorf("%s changes the key", what)
		}
	}
	for what, change := range map[string]func(*bsdrcSpec, *bsdrcSettings, *model.Process){
		"words":       func(s *bsdrcSpec, _ *bsdrcSettings, _ *model.Process) { s.Words = []string{"/bin/a", "y"} },
		"environment": func(s *bsdrcSpec, _ *bsdrcSettings, _ *model.Process) { s.Environment["A"] = "2" },
		"hidden": func(s *bsdrcSpec, _ *bsdrcSettings, _ *model.Process) {
			s.HiddenEnvironment = map[string]string{"a": "2"}
		},
		"user":   func(s *bsdrcSpec, _ *bsdrcSettings, _ *model.Process) { s.User = text("u") },
		"signal": func(s *bsdrcSpec, _ *bsdrcSettings, _ *model.Process) { s.StopSignal = "INT" },
		"commands": func(s *bsdrcSpec, _ *bsdrcSettings, _ *model.Process) {
			s.Commands = map[string]map[string]string{"start": {"pre": "x"}}
		},
	} {
		if key(change) == usual {
			t.Errorf("%s does not change the key", what)
		}
	}
}
