package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
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
