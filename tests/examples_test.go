package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// oldFramework names a checkout of the framework that this project replaces.
// Its Nix code is independent of ours, so a model that works with it keeps to
// the interface that both have.
const oldFramework = "NIXPROC_OLD_FRAMEWORK"

// The examples, ours and the old framework's own, build with the old
// framework's Nix code from hostpkgs, and the generated scripts run them
// without any privilege and below one directory.
func TestModelsUnderOldFramework(t *testing.T) {
	t.Parallel()
	checkout := os.Getenv(oldFramework)
	if checkout == "" {
		t.Skipf("%s does not name a checkout of the old framework", oldFramework)
	}
	s := newStore(t)
	for _, program := range []string{"nginx", "daemon"} {
		if !hostHas(t, program) {
			t.Skipf("the host has no %s", program)
		}
	}
	ours, theirs := t.TempDir(), t.TempDir()
	for _, tree := range []string{ours, theirs} {
		copyTree(t, filepath.Join(checkout, "nixproc"), filepath.Join(tree, "nixproc"))
		// Their webapp needs a library that few hosts have.
		copyTree(t, "../webapp", filepath.Join(tree, "webapp"))
	}
	copyTree(t, "../examples", filepath.Join(ours, "examples"))
	copyTree(t, filepath.Join(checkout, "examples"), filepath.Join(theirs, "examples"))

	for _, c := range []struct {
		name, tree, model, params string
		advanced                  bool
	}{
		{"agnostic", ours, "webapps-agnostic/processes.nix", "", false},
		{"agnostic foreground", ours, "webapps-agnostic/processes.nix", `webappMode = "foreground";`, false},
		{"agnostic daemon", ours, "webapps-agnostic/processes.nix", `webappMode = "daemon";`, false},
		{"agnostic advanced", ours, "webapps-agnostic/processes-advanced.nix", "", true},
		{"sysvinit", ours, "webapps-sysvinit/processes.nix", "", false},
		{"sysvinit advanced", ours, "webapps-sysvinit/processes-advanced.nix", "", true},
		{"their agnostic", theirs, "webapps-agnostic/processes.nix", "", false},
		{"their sysvinit", theirs, "webapps-sysvinit/processes.nix", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := deployedModel{t: t, store: s, tree: c.tree, model: c.model, advanced: c.advanced, ours: c.tree == ours}
			m.build(c.params)
			m.runAndCheck()
		})
	}
}

// deployedModel is a model whose sysvinit scripts run below a directory.
type deployedModel struct {
	t           *testing.T
	store       *nixStore
	tree, model string
	advanced    bool
	ours        bool // it takes ids as a parameter; the old framework's own models have them in a file
	state       string
	ports       map[string]int
	profile     string
}

// build gives the model free ports and a state directory, and builds its profile.
func (m *deployedModel) build(params string) {
	m.t.Helper()
	state, err := ownDir("np")
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { os.RemoveAll(state) })
	m.state = state
	for _, dir := range []string{"run", "log", "tmp", "cache", "lib"} {
		if err := os.Mkdir(filepath.Join(state, dir), 0o755); err != nil {
			m.t.Fatal(err)
		}
	}

	webapps, proxies, file := []string{"webapp"}, []string{"nginx"}, "ids.nix"
	if m.advanced {
		webapps, proxies = []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "webapp6"}, []string{"nginx", "nginx2"}
		file = "ids-advanced.nix"
	}
	names := slices.Concat(webapps, proxies)
	m.ports = map[string]int{}
	for i, port := range freePorts(m.t, len(names)) {
		m.ports[names[i]] = port
	}
	set := func(names []string) string {
		var text strings.Builder
		for _, name := range names {
			fmt.Fprintf(&text, "%s = %d; ", name, m.ports[name])
		}
		return "{ " + text.String() + "}"
	}
	ids := fmt.Sprintf("{ webappPorts = %s; nginxPorts = %s; }", set(webapps), set(proxies))
	model := filepath.Join(m.tree, "examples", m.model)
	if m.ours {
		params += " ids = " + ids + ";"
	} else if err := os.WriteFile(filepath.Join(filepath.Dir(model), file), []byte("{ ids = "+ids+"; }"), 0o644); err != nil {
		m.t.Fatal(err)
	}
	m.profile, err = m.store.nix(nil, "nix-build", "--no-out-link",
		filepath.Join(m.tree, "nixproc/backends/sysvinit/build-sysvinit-env.nix"),
		"--argstr", "exprFile", model, "--argstr", "stateDir", state,
		"--arg", "forceDisableUserChange", "true", "--arg", "extraParams", "{ "+params+" }")
	if err != nil {
		m.t.Fatal(err)
	}
}

// each runs an activity of all scripts of a runlevel directory, in order.
func (m *deployedModel) each(pattern, activity string) {
	m.t.Helper()
	scripts, err := filepath.Glob(filepath.Join(m.profile, "etc/rc.d", pattern))
	if err != nil || len(scripts) != len(m.ports) {
		m.t.Fatalf("%d scripts match %s (%v), want %d", len(scripts), pattern, err, len(m.ports))
	}
	for _, script := range scripts {
		// The daemons must not hold a pipe of ours.
		output, err := os.Create(filepath.Join(m.state, "output"))
		if err != nil {
			m.t.Fatal(err)
		}
		cmd := exec.Command("timeout", "30", script, activity)
		cmd.Dir, cmd.Stdout, cmd.Stderr = "/", output, output
		err = cmd.Run()
		output.Close()
		if err != nil {
			m.t.Errorf("%s %s: %v\n%s", script, activity, err, read(m.t, output.Name()))
		}
	}
}

func (m *deployedModel) runAndCheck() {
	t := m.t
	stopped := false
	defer func() {
		if !stopped {
			m.each("rc0.d/K*", "stop")
		}
	}()
	m.each("rc3.d/S*", "start")
	m.each("rc3.d/S*", "status")
	for name, port := range m.ports {
		if !strings.HasPrefix(name, "webapp") {
			continue
		}
		proxy, other := "nginx", "nginx2"
		if name == "webapp5" || name == "webapp6" {
			proxy, other = other, proxy
		}
		want := fmt.Sprintf("listening on port: %d", port)
		page := ""
		// A process that was made a daemon is started, but may not listen yet.
		for end := time.Now().Add(patience); !strings.Contains(page, want) && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			page = get(t, m.ports[proxy], name+".local")
		}
		if !strings.Contains(page, want) {
			t.Errorf("%s answers for %s.local with\n%s", proxy, name, page)
		}
		if m.advanced {
			if page := get(t, m.ports[other], name+".local"); strings.Contains(page, "listening on port") {
				t.Errorf("%s knows %s.local too", other, name)
			}
		}
	}
	if page := get(t, m.ports["nginx"], "unknown.local"); strings.Contains(page, "listening on port") || !strings.Contains(page, "<html") {
		t.Errorf("a name that nobody has is answered with\n%s", page)
	}
	m.each("rc0.d/K*", "stop")
	stopped = true
	for name, port := range m.ports {
		if page := get(t, port, "localhost"); !strings.Contains(page, "connection refused") {
			t.Errorf("%s still answers after it was stopped: %s", name, page)
		}
	}
	for _, dir := range []string{"run", "tmp"} {
		left, err := filepath.Glob(filepath.Join(m.state, dir, "*.pid"))
		if err != nil || len(left) > 0 {
			t.Errorf("PID files are left: %q (%v)", left, err)
		}
	}
}

// The generated configuration quotes its paths, so a directory may have a blank
// in its name, and leaves no path to what was compiled into nginx.
func TestReverseProxyConfig(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if !hostHas(t, "nginx") {
		t.Skip("the host has no nginx")
	}
	dir := filepath.Join(t.TempDir(), `a "dir"`)
	for _, sub := range []string{"run", "log", "cache"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	conf := s.build(t, fmt.Sprintf(`import (%s + "/reverse-proxy-config.nix") { inherit (pkgs) lib writeTextFile; } {
		port = %d; pidFile = %[3]q + "/run/nginx.pid"; logDir = %[3]q + "/log"; cacheDir = %[3]q + "/cache"; user = null; workerConnections = 64;
		webapps = [ { dnsName = "a.local"; port = 1; } ];
		interDependencies.b = { dnsName = "b.local"; port = 2; target.properties.hostname = "127.0.0.2"; };
	}`, absolute(t, "../examples/services-agnostic/constructors/nginx"), freePorts(t, 1)[0], dir))
	if out, err := exec.Command(s.build(t, "pkgs.nginx")+"/bin/nginx", "-t", "-p", dir, "-c", conf).CombinedOutput(); err != nil {
		t.Fatalf("nginx -t: %v\n%s\n%s", err, out, read(t, conf))
	}
	var found []string
	for _, pattern := range []string{"log/*", "cache/*"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			found = append(found, filepath.Base(path))
		}
	}
	slices.Sort(found)
	want := []string{"access.log", "client_body", "error.log", "fastcgi", "proxy", "scgi", "uwsgi"}
	if !slices.Equal(found, want) {
		t.Errorf("nginx made %q, want %q", found, want)
	}
	text := read(t, conf)
	for _, want := range []string{"proxy_pass http://127.0.0.1:1;", "proxy_pass http://127.0.0.2:2;", "server_name b.local;"} {
		if !strings.Contains(text, want) {
			t.Errorf("the configuration lacks %s:\n%s", want, text)
		}
	}
}
