package tests

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A package consists of the host's programs; one that the host lacks is an
// error where it is used, and only there.
func TestHostpkgsPackages(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	out := s.build(t, "pkgs.coreutils")
	for _, path := range []string{"bin/ls", "sbin/ls"} {
		target, err := filepath.EvalSymlinks(filepath.Join(out, path))
		if err != nil || strings.HasPrefix(target, s.dir) {
			t.Errorf("%s leads to %q (%v), want a program of the host", path, target, err)
		}
	}
	// Whatever the host has of it, even nothing, is enough for these.
	for _, name := range []string{"sysvinit", "inetutils"} {
		if info, err := os.Stat(s.build(t, "pkgs."+name) + "/bin"); err != nil || !info.IsDir() {
			t.Errorf("%s has no bin directory (%v)", name, err)
		}
	}

	const absent = `let
		host = import <nixpkgs/host.nix> { inherit (pkgs) system; };
		gone = import <nixpkgs/host-package.nix> { inherit host; } "gone" { debian = "gone-tools"; programs = [ "no-such-program-anywhere" "sh" ]; };
	in `
	if got := s.eval(t, absent+`[ gone.name gone.pname (gone ? outPath) gone.meta.description ]`); got != `["gone","gone",true,"gone of this host"]` {
		t.Errorf("looking at a package that is missing gives %s", got)
	}
	const message = "hostpkgs: this host has no gone; on Debian: apt-get install gone-tools"
	s.buildFails(t, absent+"gone", message)
	s.buildFails(t, absent+`pkgs.writeText "t" "${gone}/bin/x"`, message)

	const made = `let
		host = import <nixpkgs/host.nix> { inherit (pkgs) system; };
		make = entry: import <nixpkgs/host-package.nix> { inherit host; } "made" entry;
		files = { top = [ "/no/such/path" "/usr" ]; "share/x/etc" = [ "/etc" ]; "share/x/none" = [ "/no/such/path" ]; };
	in `
	out = s.build(t, made+`make { debian = null; optional = true; inherit files; }`)
	for link, want := range map[string]string{"top": "/usr", "share/x/etc": "/etc", "share/x/none": ""} {
		if got, _ := os.Readlink(filepath.Join(out, link)); got != want {
			t.Errorf("%s leads to %q, want %q", link, got, want)
		}
	}
	// What calls others finds the host's, after those of its own PATH.
	out = s.build(t, made+`make { debian = null; programs = [ "env" "ls" ]; calling = [ "env" ]; }`)
	cmd := exec.Command(out+"/bin/env", "sh", "-c", `command -v cat; echo "$1"`, "sh", "a  b")
	cmd.Env = []string{"PATH=/nonexistent"}
	if got, err := cmd.Output(); err != nil || !strings.HasSuffix(string(got), "/cat\na  b\n") {
		t.Errorf("a program that calls others says %q (%v)", got, err)
	}
	if _, err := os.Readlink(out + "/bin/ls"); err != nil {
		t.Errorf("a program that calls no other is no link: %v", err)
	}
	s.buildFails(t, made+`make { debian = null; inherit files; }`, "hostpkgs: this host has no made, and Debian 12 has no package of it")
	if got := s.eval(t, made+`(make { debian = "x"; programs = [ "sh" ]; passthru = self: { inside = "${self}/x"; }; }).inside`); !strings.HasSuffix(got, `-made/x"`) {
		t.Errorf("an attribute with the package itself in it is %s", got)
	}
}

// Nix waits for a binary cache, if it asks one, so no derivation asks.
func TestHostpkgsAsksNoCache(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	got := s.eval(t, `with pkgs; map (d: d.drvAttrs.preferLocalBuild && !d.drvAttrs.allowSubstitutes) [
		coreutils (writeText "t" "x") (runCommand "r" { preferLocalBuild = false; } "") (stdenv.mkDerivation { name = "m"; allowSubstitutes = true; })
		(buildEnv { name = "e"; paths = [ ]; }) (symlinkJoin { name = "j"; paths = [ ]; }) (linkFarm "l" [ ])
		(buildGoModule { name = "g"; src = ./.; }) (fetchurl { url = "http://example.org/lfs-bootscripts-1.tar.xz"; })
	]`)
	if strings.Contains(got, "false") {
		t.Errorf("not all derivations are local: %s", got)
	}
}

// A folder with a blank in its name is as good as any.
func TestHostpkgsInFolderWithBlank(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	folder := filepath.Join(t.TempDir(), "a folder")
	copyTree(t, "../nixproc/hostpkgs", filepath.Join(folder, "hostpkgs"))
	copyTree(t, "../webapp", filepath.Join(folder, "webapp"))
	out, err := s.nix([]string{"NIX_PATH=nixpkgs=" + filepath.Join(folder, "hostpkgs")}, "nix-build", "--no-out-link", filepath.Join(folder, "webapp"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(out + "/bin/webapp"); err != nil {
		t.Error(err)
	}
}

// In a sandbox, the builders need nothing but the host's programs.
func TestHostpkgsInSandbox(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if os.Getuid() != 0 {
		t.Skip("only root may build in a sandbox of a store without a daemon")
	}
	var paths []string
	for _, path := range []string{"/usr", "/bin", "/lib", "/lib64", "/etc"} {
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		}
	}
	options := []string{"--option", "sandbox", "true", "--option", "sandbox-fallback", "false", "--option", "extra-sandbox-paths", strings.Join(paths, " ")}
	if _, err := s.tryBuild(`derivation { name = "sandbox"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo > $out; exit" ]; }`, options...); err != nil {
		t.Skipf("this machine cannot make a sandbox: %v", err)
	}
	// Names of their own, so that no other test has built them outside.
	s.build(t, `with pkgs; buildEnv { name = "boxed"; paths = [
		(coreutils.overrideAttrs { }) (writeTextFile { name = "boxed-text"; text = "x"; destination = "/x"; })
		(stdenv.mkDerivation { name = "boxed-prog"; src = `+absolute(t, "../webapp")+`; makeFlags = [ "PREFIX=$(out)" ]; })
		(runCommand "boxed-run" { nativeBuildInputs = [ gnused gnugrep ]; } "echo a | sed s/a/b/ | grep b; [ $(id -u) != 0 ] || [ -z \"$(ls /root 2>/dev/null)\" ]; mkdir $out")
	]; }`, options...)
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	// As an expression: a path literal must not hold blanks.
	return "(/. + " + strconv.Quote(path) + ")"
}

func TestHostpkgsFetchurl(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	scripts := s.build(t, `pkgs.fetchurl { url = http://www.example.org/lfs/9.0/lfs-bootscripts-20190524.tar.xz; sha256 = "0975wmghhh7j5qify0m170ba2d7vl0km7sw05kclnmwpgivimb38"; }`)
	functions, err := exec.Command("tar", "-xOf", scripts, "lfs-bootscripts-20190524/lfs/lib/services/init-functions").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/bin:/usr/bin:/sbin:/usr/sbin", "start_daemon()", "killproc()", "/var/run"} {
		if !strings.Contains(string(functions), want) {
			t.Errorf("the init functions lack %s", want)
		}
	}
	for _, placeholder := range []string{"@path@", "@shell@", "@runtimeDir@"} {
		if strings.Contains(string(functions), placeholder) {
			t.Errorf("the init functions still have %s", placeholder)
		}
	}

	const fetch = `(import <nixpkgs> { }).fetchurl { url = "https://example.org/a-1.0.tar.gz"; sha256 = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="; }`
	read := func(dir string) (string, error) {
		return s.nix([]string{"NIXPROC_DISTFILES=" + dir}, "nix-instantiate", "--eval", "--read-write-mode", "-E", "builtins.readFile ("+fetch+")")
	}
	dir := t.TempDir()
	if _, err := read(dir); err == nil || !strings.Contains(err.Error(), "put a-1.0.tar.gz into a directory") || !strings.Contains(err.Error(), "NIXPROC_DISTFILES") {
		t.Errorf("a file that is not there: %v", err)
	}
	file := filepath.Join(dir, "a-1.0.tar.gz")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("tampered")
	if text, err := read(dir); err == nil {
		t.Errorf("a file with another hash was taken: %s", text)
	}
	write("hello")
	if text, err := read(dir); err != nil || text != `"hello"` {
		t.Errorf("the file has %s (%v)", text, err)
	}
}

func TestHostpkgsGoModule(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if testing.Short() {
		t.Skip("compiles Go's runtime anew")
	}
	if !hostHas(t, "go") {
		t.Skip("the host has no Go where hostpkgs looks for it")
	}
	source := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":       "module example.org/hello\n\ngo 1.20\n",
		"cmd/hello.go": "package main\n\nvar version string\n\nfunc main() { println(version) }\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(source, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(source, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Nothing is compiled already: the builder makes a cache of its own.
	out, err := s.nix([]string{"GOCACHE="}, "nix-build", "--no-out-link", "-E", `with import <nixpkgs> { }; buildGoModule { pname = "hello"; version = "1.5"; src = `+source+`; vendorHash = null; subPackages = [ "cmd" ]; ldflags = [ "-s" "-X main.version=1.5" ]; env.CGO_ENABLED = "0"; }`)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command(out + "/bin/cmd").CombinedOutput(); err != nil || string(text) != "1.5\n" {
		t.Errorf("the program says %q (%v)", text, err)
	}
}

// nginx of the host runs as anyone, as long as its configuration names all the
// places that it writes to; and it is nginx itself that runs, not a wrapper.
func TestHostpkgsNginxUnprivileged(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if !hostHas(t, "nginx") {
		t.Skip("the host has no nginx")
	}
	dir, err := ownDir("np") // nobody may enter it, unlike t.TempDir's parent
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	port := freePorts(t, 1)[0]
	var temps strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temps, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("pid %[1]s/pid;\nerror_log %[1]s/error.log;\nevents { }\nhttp { access_log off;\n%[2]s server { listen 127.0.0.1:%[3]d; return 200 hello; } }\n", dir, &temps, port)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(s.build(t, "pkgs.nginx")+"/bin/nginx", "-p", dir, "-c", conf)
	if os.Getuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	cmd.Stderr = stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("nginx: %v\n%s", err, read(t, stderr.Name()))
	}
	pidOf := func() int {
		data, _ := os.ReadFile(filepath.Join(dir, "pid"))
		pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
		return pid
	}
	eventually(t, "nginx has written its PID file", func() bool { return pidOf() > 0 })
	pid := pidOf()
	defer syscall.Kill(pid, syscall.SIGTERM)
	if program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && filepath.Base(program) != "nginx" {
		t.Errorf("the process runs %s", program)
	}
	if got := get(t, port, "localhost"); got != "hello" {
		t.Errorf("nginx answers %q", got)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nginx has ended", func() bool {
		_, err := os.Stat(filepath.Join(dir, "pid"))
		return errors.Is(err, os.ErrNotExist) && !alive(pid)
	})
}

// get asks a local port for / as the given host and returns the page, or what went wrong.
func get(t *testing.T, port int, host string) string {
	t.Helper()
	request, err := http.NewRequest("GET", fmt.Sprintf("http://127.0.0.1:%d/", port), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(page)
}
