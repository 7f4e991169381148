package tests

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// selfContainedPackages is the set of copies of the host's programs, as an expression.
func selfContainedPackages(t *testing.T) string {
	return fmt.Sprintf("(import %s { })", frameworkOf(t, "hostpkgs/self-contained"))
}

// inClosure runs a program of a package where nothing is but the package's
// closure, and empty directories.
func inClosure(t *testing.T, s *nixStore, pkg, program string, args ...string) (string, error) {
	t.Helper()
	closure, err := s.nix(nil, "nix-store", "--query", "--requisites", pkg)
	if err != nil {
		t.Fatal(err)
	}
	const script = `root=$1; shift
mount -t tmpfs tmpfs "$root"
mkdir "$root/tmp" "$root/proc" "$root/dev" "$root/etc"
touch "$root/dev/null"
mount --bind /dev/null "$root/dev/null"
mount -t proc proc "$root/proc"
echo root:x:0:0::/:/none >"$root/etc/passwd"
echo root:x:0: >"$root/etc/group"
echo 'pid /tmp/pid; user root root; events { } http { access_log off; server { listen unix:/tmp/s; } }' >"$root/etc/nginx.conf"
while IFS= read -r path; do
	mkdir -p "$root/${path%/*}"
	if [ -d "$path" ]; then mkdir "$root/$path"; else touch "$root/$path"; fi
	mount --bind "$path" "$root/$path"
done
exec env -i HOME=/tmp "$(command -v chroot)" "$root" "$@" </dev/null`
	cmd := exec.Command("unshare", append([]string{"--mount", "--pid", "--fork", "--propagation", "private",
		"sh", "-ec", script, "sh", t.TempDir(), filepath.Join(pkg, program)}, args...)...)
	cmd.Stdin = strings.NewReader(closure + "\n")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Each program runs where nothing of the host is.
func TestSelfContainedPackages(t *testing.T) {
	t.Parallel()
	needsUnshare(t, "--pid", "--fork")
	needsRoot(t, "patchelf", "cc")
	s := newStore(t)
	const script = `"printf '#!/bin/sh\necho of the store\n' >script; install -D script $out/bin/script"`
	const library = `"echo 'int twice(int i) { return 2 * i; }' >twice.c; echo 'int twice(int); int main(int n) { return twice(n); }' >main.c; mkdir -p $out/bin $out/lib; cc -shared -fPIC -o $out/lib/libtwice.so twice.c; cc -o $out/bin/twice main.c -L$out/lib -ltwice"`
	cases := []struct {
		pkg, program string
		args         []string
		want         string
	}{
		{"bash", "sh", []string{"-c", `for i in 1 2; do echo "$i$BASH"; done`}, "/bin/sh\n2"},
		{"coreutils", "ls", []string{"/"}, "dev\netc\nproc\ntmp\n"},
		{"findutils", "find", []string{"/tmp", "-name", "tmp"}, "/tmp\n"},
		{"gnugrep", "grep", []string{"^root", "/etc/passwd"}, "root:x:0:0::/:/none\n"},
		{"procps", "ps", []string{"-o", "args=", "-p", "1"}, "/bin/ps -o args= -p 1\n"},
		{"shadow", "useradd", []string{"-D"}, "GROUP="},
		{"su", "su", []string{"-s", "/none", "root"}, "su: can't execute '/none'"},
		{"nginx", "nginx", []string{"-t", "-c", "/etc/nginx.conf"}, "test is successful"},
		{"python3", "python3", []string{"-c", "import json, ssl, sqlite3, sys; print(json.dumps(sys.prefix))"}, "-python3\"\n"},
		{"supervisor", "supervisord", []string{"--version"}, "4."},
		{"nix", "nix-instantiate", []string{"--store", "dummy://", "--eval", "-E", "1 + 1"}, "2\n"},
		{"git", "git", []string{"init", "/tmp/a"}, "Initialized empty Git repository"},
		{"busybox", "busybox", []string{"uname"}, "Linux\n"},
		{"execline", "execlineb", []string{"-c", "none"}, "unable to exec none"},
		{`runCommand "script" { } ` + script, "script", nil, "No such file or directory"},
		{`stdenv.mkDerivation { name = "script"; dontUnpack = true; installPhase = ` + script + `; }`, "script", nil, "of the store\n"},
		{`stdenv.mkDerivation { name = "twice"; dontUnpack = true; installPhase = ` + library + `; }`, "twice", nil, "exit status 2"},
	}
	var all []string
	for _, c := range cases {
		all = append(all, "(pkgs."+c.pkg+")")
	}
	built := strings.Fields(s.build(t, fmt.Sprintf("let pkgs = %s; in [ %s ]", selfContainedPackages(t), strings.Join(all, " "))))
	for i, c := range cases {
		out, err := inClosure(t, s, built[i], filepath.Join("bin", c.program), c.args...)
		if !strings.Contains(fmt.Sprint(out, err), c.want) {
			t.Errorf("%s of %s says %v, want %q:\n%s", c.program, c.pkg, err, c.want, out)
		}
	}
}

// A sandbox in which nothing of the host is has all that a build with these
// packages needs.
func TestSelfContainedPackagesInSandbox(t *testing.T) {
	t.Parallel()
	needsUnshare(t)
	needsRoot(t, "patchelf")
	s := newStore(t)
	build := fmt.Sprintf(`with %s; stdenv.mkDerivation {
		name = "in-sandbox";
		src = writeTextDir "greeting" "hello";
		installPhase = "[ ! -e /usr ]; sed s/hello/bye/ greeting >$out";
	}`, selfContainedPackages(t))
	// Copies are made where the host can be seen, and are there then.
	s.buildFails(t, build, "in-sandbox.drv' failed")
	out := s.build(t, build, "--option", "sandbox", "true", "--option", "sandbox-fallback", "false", "--option", "sandbox-paths", "")
	if got := read(t, out); got != "bye" {
		t.Errorf("the build gives %q", got)
	}
}
