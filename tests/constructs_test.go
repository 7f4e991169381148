package tests

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixproc/lib/manifest"
)

// constructs says what is in the profiles of constructs/processes.nix: for each
// process what it depends on, and under each manager where it is described, what
// that says, and what it must not say.
var constructs = map[string][]string{
	"agent":            {"bus", "database"},
	"bus":              nil,
	"daemon":           nil,
	"database":         nil,
	"proxy":            {"server", "server-secondary"},
	"proxy-late":       {"server-secondary"},
	"server":           nil,
	"server-secondary": nil,
	"worker":           {"server", "database"},
}

// saying is a file of a profile and what it has to say.
type saying struct {
	file  string
	words []string
}

var constructsSay = map[string][]saying{
	"bsdrc": {
		{"etc/rc.d/server", []string{"# KEYWORD: shutdown\n", "export OPTIONS='a;b=c'\n", "export EMPTY=''\n", "server_nice=5\n", "umask 027\n"}},
		{"etc/rc.d/proxy-late", []string{"name=proxy_late\n"}},
	},
	"cygrunsrv": {
		{"nix-process-server-cygrunsrvparams", []string{"--type\nmanual\n", "OPTIONS=a;b=c\n", "PORT=5000\n"}},
		{"nix-process-worker-cygrunsrvparams", []string{"--dep\nnix-process-server\n--dep\nnix-process-database\n", "--disp\nworker-override\n"}},
	},
	"disnix": {
		{"etc/dysnomia/process/server", []string{"/run/own-server.pid\n"}},
		{"dysnomia-support/users/proxy", []string{"createHomeDir='1'\n"}},
	},
	"docker": {
		{"server-docker-createparams", []string{"--memory\n64m\n"}},
		{"server-docker-config", []string{`"PORT=5000"`, `"OPTIONS=a;b=c"`, `"EMPTY="`}},
		{"02-worker-docker-priority", nil},
		{"worker-docker-createparams", []string{"--hostname\nworker-override\n"}},
	},
	"launchd": {
		{"Library/LaunchDaemons/org.nixos.server.plist", []string{"<key>KeepAlive</key>", "<string>a;b=c</string>"}},
	},
	"s6-rc": {
		{"etc/s6/sv/server-srv/timeout-kill", []string{"5000\n"}},
		{"etc/s6/sv/server-srv/run", []string{`export OPTIONS "a;b=c"`, `export PORT "5000"`, `export EMPTY ""`}},
		{"etc/s6/sv/worker-srv/dependencies", []string{"server-srv\ndatabase-srv\n"}},
		{"etc/s6/sv/daemon/type", []string{"oneshot\n"}},
	},
	"supervisord": {
		{"conf.d/server.conf", []string{"stopsignal=INT\n", `PORT="5000"`, `EMPTY=""`}},
		{"conf.d/worker.conf", []string{"priority=2\n"}},
	},
	"systemd": {
		{"etc/systemd/system/nix-process-server.service", []string{"Restart=always\n", "Environment=IN_SYSTEMD=1\n", "WantedBy=multi-user.target\n", "UMask=027\n", "Nice=5\n", `Environment="OPTIONS=a;b=c"`}},
		{"etc/systemd/system/nix-process-worker.service", []string{"Wants=nix-process-server.service nix-process-database.service\n"}},
		{"etc/systemd/system/nix-process-daemon.service", []string{"Type=forking\n", "/run/daemon.pid\n"}},
	},
	"sysvinit": {
		{"etc/rc.d/init.d/server", []string{"export OPTIONS='a;b=c'\n", "export EMPTY=''\n", "umask 027\n"}},
		{"etc/rc.d/init.d/daemon", []string{"/bin/true --own-start\n", "log_info_msg 'Rereading daemon...'\n", "kill -HUP ", "\nlist)\n", "{start|stop|reload|status|list}"}},
		{"etc/rc.d/rc3.d/S01proxy", nil},
		{"etc/rc.d/rc2.d/S00bus", nil},
	},
}

// What expressions in the wild do evaluates and builds under every manager, and
// means there what it should.
func TestConstructs(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	binary, err := storedBinary()
	if err != nil {
		t.Fatal(err)
	}
	d := newDeployment(t)
	d.hostNeeds("daemon")
	env := func(manager, model, arguments string) string {
		return fmt.Sprintf("(import %s { exprFile = %s; %s })\n", frameworkOf(t, "backends/"+manager+"/build-"+manager+"-env.nix"),
			nixPath(absolutePath(t, "constructs"), model), arguments)
	}
	const asUser = `forceDisableUserChange = true; callingUser = "someone"; extraParams.withOptional = true;`
	var built, evaluated strings.Builder
	for _, manager := range allManagers {
		built.WriteString(env(manager, "processes.nix", `stateDir = "/srv/state";`))
		evaluated.WriteString(env(manager, "older.nix", "") + env(manager, "processes.nix", asUser))
	}
	// The others are built for one manager only: that takes its time.
	built.WriteString(env("sysvinit", "older.nix", "") + env("sysvinit", "processes.nix", asUser))
	builder := []string{"NIXPROC_BUILDER=" + binary}
	if _, err := s.nix(builder, "nix-instantiate", "-E", "["+evaluated.String()+"]"); err != nil {
		t.Fatal(err)
	}
	out, err := s.nix(builder, "nix-build", "--no-out-link", "--max-jobs", "2", "-E", "["+built.String()+"]")
	if err != nil {
		t.Fatal(err)
	}
	profiles := strings.Fields(out)
	if len(profiles) != len(allManagers)+2 {
		t.Fatalf("%d profiles were built: %q", len(profiles), profiles)
	}
	for i, manager := range allManagers {
		checkConstructs(t, manager, profiles[i])
	}
	profiles = profiles[len(allManagers):]
	if got := slices.Sorted(maps.Keys(dependencies(t, profiles[0]))); !slices.Equal(got, []string{"agnostic", "script"}) {
		t.Errorf("the older model has %v", got)
	}
	if got := dependencies(t, profiles[1])["worker"]; !slices.Equal(got, []string{"server", "database", "helper"}) {
		t.Errorf("with the optional process, worker depends on %v", got)
	}
}

func checkConstructs(t *testing.T, manager, profile string) {
	t.Helper()
	want := maps.Clone(constructs)
	if manager == "systemd" {
		want["agent"] = []string{"database"} // the bus is systemd's own
	}
	if got := dependencies(t, profile); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%s: the processes are %v, want %v", manager, got, want)
	}
	tree, err := manifest.Tree(profile)
	if err != nil {
		t.Fatal(err)
	}
	files := append(slices.Clone(constructsSay[manager]),
		saying{"share/bus/agent.conf", []string{"agent"}},
		saying{"etc/containers/database-container", []string{"databasePort=3306\n"}})
	if len(files) == 2 {
		t.Errorf("nothing is expected of %s", manager)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(tree, f.file))
		if err != nil {
			t.Errorf("%s: %v", manager, err)
		}
		for _, word := range f.words {
			if !strings.Contains(string(text), word) {
				t.Errorf("%s: %s lacks %q:\n%s", manager, f.file, word, text)
			}
		}
	}
	if manager == "docker" || manager == "cygrunsrv" {
		return
	}
	if user := read(t, tree, "dysnomia-support/users/server"); !strings.Contains(user, "uid='2000'\n") {
		t.Errorf("%s: the user of server is\n%s", manager, user)
	}
	if _, err := os.Stat(filepath.Join(tree, "dysnomia-support/groups/worker-override")); err != nil {
		t.Errorf("%s: the function among the overrides was not called: %v", manager, err)
	}
	if user := read(t, tree, "dysnomia-support/users/proxy"); !strings.Contains(user, `description='proxy'\''s user'`) {
		t.Errorf("%s: the user of proxy is\n%s", manager, user)
	}
}

// dependencies are those of the processes of a profile, by their names.
func dependencies(t *testing.T, profile string) map[string][]string {
	t.Helper()
	m, err := manifest.Read(profile)
	if err != nil || m == nil {
		t.Fatalf("%s has no manifest: %v", profile, err)
	}
	found := map[string][]string{}
	for _, process := range m.Processes {
		found[process.Name] = process.Dependencies
	}
	return found
}
