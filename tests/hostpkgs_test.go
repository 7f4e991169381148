package tests

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The functions of lib give what nixpkgs' functions of the same names give.
func TestHostpkgsLib(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	cases := []struct{ expr, json string }{
		{`escapeShellArgs [ "a-b/c" "it's" "" 5 "$x" ]`, `"a-b/c 'it'\\''s' '' 5 '$x'"`},
		{`recursiveUpdate { a = { b = 1; c = 2; }; l = [ 1 ]; } { a.b = 3; l = [ 2 ]; }`, `{"a":{"b":3,"c":2},"l":[2]}`},
		{`intersectLists [ 3 4 5 9 ] (range 0 6)`, `[3,4,5]`},
		{`subtractLists [ 3 4 5 ] (range 0 6)`, `[0,1,2,6]`},
		{`[ (foldr (a: b: "${a}${b}") "-" [ "a" "b" ]) (foldl (a: b: "${a}${b}") "-" [ "a" "b" ]) ]`, `["ab-","-ab"]`},
		{`mapAttrs' (n: v: nameValuePair "x${n}" (v + 1)) { a = 1; }`, `{"xa":2}`},
		{`filterAttrs (n: v: n != "a" && v > 1) { a = 5; b = 1; c = 2; }`, `{"c":2}`},
		{`mapAttrsToList (n: v: n + v) (genAttrs [ "a" "b" ] toUpper)`, `["aA","bB"]`},
		{`[ (hasPrefix "ab" "abc") (hasSuffix "abcd" "bcd") (hasInfix "b.c" "abxcd") (removeSuffix ".nix" "a.nix") (removePrefix "x" "ab") ]`, `[true,false,false,"a","ab"]`},
		{`splitString "." "a..b"`, `["a","","b"]`},
		{`concatMapStringsSep ":" toString [ 1 true "c" ]`, `"1:1:c"`},
		{`imap1 (i: x: "${toString i}${x}") (unique [ "a" "b" "a" ])`, `["1a","2b"]`},
		{`[ (last [ 1 2 ]) (init [ 1 2 ]) (zipLists [ 1 2 ] [ "a" ]) (flatten [ 1 [ 2 [ 3 ] ] ]) ]`, `[2,[1],[{"fst":1,"snd":"a"}],[1,2,3]]`},
		{`[ (versionAtLeast "1.10" "1.9") (versionOlder "1.10" "1.9") (toInt "007") ]`, `[true,false,7]`},
		{`makeBinPath [ "/a" { outPath = "/b"; bin = "/c"; } ]`, `"/a/bin:/c/bin"`},
		{`((makeExtensible (self: { a = 1; b = self.a + 1; })).extend (final: prev: { a = prev.a + 10; })).b`, `12`},
		{`((makeOverridable ({ x, y ? 2 }: { sum = x + y; }) { x = 1; }).override (old: { x = old.x + 5; })).sum`, `8`},
		{`generators.toINI { } { s = { a = 1; b = true; }; }`, `"[s]\na=1\nb=true\n"`},
		{`[ (optional false 1) (optionals true [ 1 ]) (optionalString false "a") (optionalAttrs true { a = 1; }) ]`, `[[],[1],"",{"a":1}]`},
	}
	for _, c := range cases {
		if json := s.eval(t, "with pkgs.lib; "+c.expr); json != c.json {
			t.Errorf("%s = %s, want %s", c.expr, json, c.json)
		}
	}
	// Functions keep the references of the strings that they take apart.
	context := s.eval(t, `with pkgs.lib; map builtins.hasContext (splitString "-" "${pkgs.coreutils}" ++ [
		(addContextFrom "${pkgs.coreutils}" "x") (removeSuffix "x" "${pkgs.coreutils}x") (escapeShellArg "${pkgs.coreutils}") ])`)
	if context != "[true,true,true,true,true]" {
		t.Errorf("references are lost: %s", context)
	}
}

// stdenv runs phases and hooks in order, over a source directory, with the
// attributes as environment.
func TestHostpkgsStdenv(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	source := t.TempDir()
	for name, text := range map[string]string{
		"Makefile":  "prog: prog.c\n\t$(CC) $(CFLAGS) -o prog prog.c\ncheck: prog\n\t./prog\ninstall: prog\n\tinstall -D prog $(PREFIX)/bin/prog\n",
		"prog.c":    "#include <stdio.h>\nint main(void) { printf(\"%d old\\n\", VALUE); return 0; }\n",
		"fix.patch": "--- a/prog.c\n+++ b/prog.c\n@@ -1,2 +1,2 @@\n #include <stdio.h>\n-int main(void) { printf(\"%d old\\n\", VALUE); return 0; }\n+int main(void) { printf(\"%d new\\n\", VALUE); return 0; }\n",
		"configure": "#!/bin/sh\necho \"$@\" > configured\n",
		"default.nix": `
with import <nixpkgs> { config = { allowUnfree = true; }; overlays = [ ]; system = builtins.currentSystem; };
stdenv.mkDerivation (final: {
  pname = "prog";
  version = "1.0";
  src = ./.;
  patches = [ ./fix.patch ];
  nativeBuildInputs = [ (writeShellScriptBin "build-tool" "echo tool") null ];
  CFLAGS = "-DVALUE=5";
  makeFlags = [ "PREFIX=$(out)" ];
  configureFlags = [ "--x=1" ];
  doCheck = true;
  yes = true;
  no = false;
  nothing = null;
  list = [ "a" 1 ];
  long = "in a file";
  passAsFile = [ "long" ];
  env.FROM_ENV = "env";
  preUnpack = "log=$NIX_BUILD_TOP/log; echo preUnpack >> $log";
  postPatch = "echo postPatch >> $log; grep -q new prog.c";
  preConfigure = "echo preConfigure >> $log; chmod +x configure";
  preBuild = "build-tool >> $log; echo \"$yes|$no|\${nothing-unset}|$list|$FROM_ENV|$(cat $longPath)\" >> $log";
  preInstall = "echo preInstall >> $log";
  postInstall = "echo $version >> $log; cp $log $out/log; cp configured $out/";
  passthru.label = "${final.pname} of ${final.finalPackage.name}";
  meta.mainProgram = "prog";
})`,
	} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ expr, version, label string }{
		{"prog", "1.0", "prog of prog-1.0"},
		{`(prog.overrideAttrs (old: { version = old.version + ".1"; }))`, "1.0.1", "prog of prog-1.0.1"},
		{`((prog.overrideAttrs { version = "2"; }).overrideAttrs (final: old: { version = old.version + ".2"; }))`, "2.2", "prog of prog-2.2"},
	} {
		with := fmt.Sprintf("let prog = import %s; in %s", source, c.expr)
		out := s.build(t, with)
		if got, err := exec.Command(out + "/bin/prog").Output(); err != nil || string(got) != "5 new\n" {
			t.Errorf("%s: the program says %q (%v)", c.expr, got, err)
		}
		want := "preUnpack\npostPatch\npreConfigure\ntool\n1||unset|a 1|env|in a file\npreInstall\n" + c.version + "\n"
		if log := read(t, out, "log"); log != want {
			t.Errorf("%s: hooks wrote\n%s\nwant\n%s", c.expr, log, want)
		}
		if flags := read(t, out, "configured"); flags != "--prefix="+out+" --x=1\n" {
			t.Errorf("%s: configure was called with %s", c.expr, flags)
		}
		if label := s.eval(t, with+".label"); label != strconv.Quote(c.label) {
			t.Errorf("%s: passthru is %s, want %s", c.expr, label, c.label)
		}
	}
	// What expressions ask of the platform.
	platform := s.eval(t, `with pkgs; builtins.toJSON [ (stdenv.system == builtins.currentSystem) (system == stdenv.hostPlatform.system) stdenv.isLinux stdenv.isDarwin stdenv.isCygwin stdenv.isFreeBSD
		stdenv.hostPlatform.isLinux (baseNameOf stdenv.shell) (runtimeShell == stdenv.shell) (stdenvNoCC.mkDerivation { name = "n"; }).name ]`)
	onLinux, onDarwin, onFreeBSD := runtime.GOOS == "linux", runtime.GOOS == "darwin", runtime.GOOS == "freebsd"
	want := strconv.Quote(fmt.Sprintf(`[true,true,%v,%v,false,%v,%v,"bash",true,"n"]`, onLinux, onDarwin, onFreeBSD, onLinux))
	if platform != want {
		t.Errorf("the platform is %s, want %s", platform, want)
	}
	s.buildFails(t, `pkgs.stdenv.mkDerivation { name = "x"; buildCommand = "echo fine; false; touch $out"; }`, "failed with exit code 1")
	s.buildFails(t, `pkgs.stdenv.mkDerivation { name = "x"; }`, "neither src nor dontUnpack")
	// Old style: a builder of its own, which sources the setup.
	out := s.build(t, `pkgs.stdenv.mkDerivation { name = "x"; builder = builtins.toFile "builder.sh" "source $stdenv/setup; touch $out"; }`)
	if _, err := os.Stat(out); err != nil {
		t.Error(err)
	}
}

func TestHostpkgsTextFiles(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, c := range []struct {
		expr, file, text string
		mode             os.FileMode
	}{
		{`pkgs.writeTextFile { name = ""; text = "no name"; }`, "", "no name", 0o444},
		{`pkgs.writeText "t" "two\nlines\n\n"`, "", "two\nlines\n\n", 0o444},
		{`pkgs.writeTextFile { name = "t"; text = "#!/bin/sh\n"; executable = true; }`, "", "#!/bin/sh\n", 0o555},
		{`pkgs.writeTextFile { name = "t"; text = "x"; destination = "/a b/c"; executable = true; }`, "a b/c", "x", 0o555},
		{`pkgs.writeTextFile { name = "t"; text = "x"; checkPhase = "grep x $target"; }`, "", "x", 0o444},
		{`pkgs.writeScriptBin "s" "x"`, "bin/s", "x", 0o555},
		// More than an environment variable can hold.
		{`pkgs.writeText "t" (pkgs.lib.concatMapStrings (i: "0123456789") (pkgs.lib.range 1 20000))`, "", strings.Repeat("0123456789", 20000), 0o444},
	} {
		path := filepath.Join(s.build(t, c.expr), c.file)
		if got := read(t, path); got != c.text {
			t.Errorf("%s has %d bytes, want %d", c.expr, len(got), len(c.text))
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != c.mode {
			t.Errorf("%s: mode %v (%v), want %v", c.expr, info.Mode(), err, c.mode)
		}
	}
	s.buildFails(t, `pkgs.writeTextFile { name = "t"; text = "x"; checkPhase = "grep y $target"; }`, "failed with exit code 1")
	script := s.build(t, `pkgs.writeShellScript "s" "[[ $# = 1 ]] && echo \"<$1>\""`)
	if out, err := exec.Command(script, "a b").Output(); err != nil || string(out) != "<a b>\n" {
		t.Errorf("the shell script says %q (%v)", out, err)
	}
}

func TestHostpkgsTrees(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	const trees = `let
		tree = name: text: pkgs.runCommand name { } "mkdir -p $out; cd $out; ${text}";
		a = tree "a" "mkdir -p etc/d bin lib; echo 1 > etc/d/a; echo s > etc/same; echo x > bin/x; touch .hidden 'lib/with blank'";
		b = tree "b" "mkdir -p etc/d; echo 1 > etc/d/b; echo s > etc/same; ln -s ${a}/lib link";
		c = tree "c" "mkdir -p etc; echo other > etc/same";
		d = tree "d" "mkdir -p etc; echo s > etc/same; chmod +x etc/same";
		e = tree "e" "echo file > etc";
	in `
	listing := func(dir string) string {
		out, err := exec.Command("sh", "-c", `cd "$1" && find . ! -path . | LC_ALL=C sort | while IFS= read -r f; do [ -L "$f" ] && echo "$f@" || echo "$f"; done | tr '\n' ' '`, "sh", dir).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	for _, c := range []struct{ expr, want string }{
		// What only one has is linked whole; equal files are no collision.
		{`pkgs.buildEnv { name = "e"; paths = [ a b a ]; }`, "./.hidden@ ./bin@ ./etc ./etc/d ./etc/d/a@ ./etc/d/b@ ./etc/same@ ./lib@ ./link@"},
		{`pkgs.buildEnv { name = "e"; paths = [ a c ]; ignoreCollisions = true; }`, "./.hidden@ ./bin@ ./etc ./etc/d@ ./etc/same@ ./lib@"},
		{`pkgs.buildEnv { name = "e"; paths = [ a b ]; pathsToLink = [ "/etc/d" ]; postBuild = "touch $out/after"; }`, "./after ./etc ./etc/d ./etc/d/a@ ./etc/d/b@"},
		{`pkgs.buildEnv { name = "e"; paths = [ ]; }`, ""},
		{`pkgs.symlinkJoin { name = "j"; paths = [ a c ]; postBuild = "touch $out/bin/new"; }`, "./.hidden@ ./bin ./bin/new ./bin/x@ ./etc ./etc/d ./etc/d/a@ ./etc/same@ ./lib ./lib/with blank@"},
		{`pkgs.linkFarm "l" [ { name = "x/it's"; path = a; } ]`, "./x ./x/it's@"},
	} {
		if got := listing(s.build(t, trees+c.expr)); got != c.want {
			t.Errorf("%s has\n%s\nwant\n%s", c.expr, got, c.want)
		}
	}
	for _, other := range []string{"c", "d", "e"} {
		s.buildFails(t, trees+`pkgs.buildEnv { name = "e"; paths = [ a `+other+` ]; }`, "hostpkgs: collision at etc")
	}
	s.buildFails(t, trees+`pkgs.buildEnv { name = "e"; paths = [ (pkgs.writeText "t" "x") ]; }`, "is not a directory")
}

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
	if strings.Contains(s.eval(t, `builtins.tryEval "${pkgs.go}"`), `"success":false`) {
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
	out := s.build(t, `pkgs.buildGoModule { pname = "hello"; version = "1.5"; src = `+source+`; vendorHash = null; subPackages = [ "cmd" ]; ldflags = [ "-s" "-X main.version=1.5" ]; env.CGO_ENABLED = "0"; }`)
	if text, err := exec.Command(out + "/bin/cmd").CombinedOutput(); err != nil || string(text) != "1.5\n" {
		t.Errorf("the program says %q (%v)", text, err)
	}
}

// nginx of the host runs as anyone, as long as its configuration names all the
// places that it writes to; and it is nginx itself that runs, not a wrapper.
func TestHostpkgsNginxUnprivileged(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if strings.Contains(s.eval(t, `builtins.tryEval "${pkgs.nginx}"`), `"success":false`) {
		t.Skip("the host has no nginx")
	}
	dir, err := os.MkdirTemp("/tmp", "np") // nobody may enter it, unlike t.TempDir's parent
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
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
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
