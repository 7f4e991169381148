package tests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Overrides for Disnix see the generated arguments as they always were; functions
// and sets can delete, replace and append (COMPAT.md, 3).
func TestDisnixOverrides(t *testing.T) {
	t.Parallel()
	out := evalWith(t, false, `let
		made = args: (create "disnix") ({ name = "x"; } // args);
		seen = args: (made (args // {
			overrides.disnix = given: given // { pidFile = toString (builtins.attrNames given) + " " + given.pidFile; process = given.process + "-more"; };
		})).nixproc.parameters;
		pidFile = args: (made args).nixproc.parameters.pidFile;
	in {
		names = (seen { process = "/bin/x"; instanceName = "x"; user = "u"; }).pidFile;
		given = (seen { process = "/bin/x"; pidFile = "/x.pid"; }).pidFile;
		instance = pidFile { process = "/bin/y"; instanceName = "x"; };
		user = pidFile { process = "/bin/y"; instanceName = "x"; user = "u"; };
		fore = pidFile { foregroundProcess = "/bin/y"; user = "u"; };
		back = pidFile { daemon = "/bin/y"; user = "u"; };
		set = pidFile { process = "/bin/x"; overrides.disnix.pidFile = "/other.pid"; };
		delete = pidFile { process = "/bin/x"; overrides.disnix = given: removeAttrs given [ "pidFile" ]; };
		unknown = (builtins.tryEval (made { process = "/bin/x"; overrides.disnix.credentials.users.u.group = "g"; }).nixproc.credentials.users.u.group).value;
		append = (made { process = "/bin/x"; dependencies = [ (made { name = "y"; process = "/bin/y"; }) ];
			overrides.disnix = given: given // { dependencies = given.dependencies ++ [ { pkg = made { name = "z"; process = "/bin/z"; }; } ]; }; }).nixproc.dependencies;
		attributes = map (one: one.name) (made { process = "/bin/x"; dependencies = [ (made { name = "y"; process = "/bin/y"; }) ]; }).dependencies;
		replaced = (made { process = "/bin/x"; overrides.disnix.process = "/bin/other"; }).nixproc.parameters.log;
	}`)
	var got map[string]json.RawMessage
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"names":      `"credentials dependencies name pidFile postInstall process /tmp/x.pid"`,
		"given":      `"credentials dependencies name pidFile postInstall process /x.pid"`,
		"instance":   `"/var/run/x.pid"`,
		"user":       `"/tmp/x.pid"`,
		"fore":       `"/tmp/y.pid"`,
		"back":       `"/var/run/y.pid"`,
		"set":        `"/other.pid"`,
		"delete":     `null`,
		"unknown":    `"g"`,
		"append":     `["y","z"]`,
		"attributes": `["y"]`,
		"replaced":   `null`,
	} {
		if string(got[name]) != want {
			t.Errorf("%s: %s, want %s", name, got[name], want)
		}
	}
}

// A package has what Dysnomia reads, and depends on neither the command nor a
// whole stdenv: Disnix restarts what has another path. (COMPAT.md, 4)
func TestDisnixPackage(t *testing.T) {
	t.Parallel()
	make := `(create "disnix" {
		name = "webapp"; instanceName = "webapp"; process = "/bin/webapp"; user = "webapp"; pidFile = PIDFILE;
		credentials = { groups.webapp = { }; users.webapp = { group = "webapp"; description = "it's ` + "`id`" + `"; createHomeDir = true; homeDir = "/home/webapp"; }; };
		postInstall = POSTINSTALL;
	})`
	expression := func(pidFile, postInstall string) string {
		return strings.NewReplacer("PIDFILE", pidFile, "POSTINSTALL", postInstall).Replace(make)
	}
	plain := evalWith(t, true, expression(`"/run/webapp.pid"`, `""`))
	file := read(t, plain, "etc/dysnomia/process/webapp")
	lines := strings.Split(file, "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "process="+filepath.Dir(plain)) || !strings.HasSuffix(lines[0], "-webapp-process-wrapper") || lines[1] != "pidFile=/run/webapp.pid" {
		t.Errorf("the file says\n%s", file)
	}
	if got := read(t, plain, "dysnomia-support/users/webapp"); got != "createHomeDir='1'\ndescription='it'\\''s `id`'\ngroup='webapp'\nhomeDir='/home/webapp'\nuid='2001'\n\n" {
		t.Errorf("the user's file says\n%s", got)
	}
	if got := read(t, plain, "dysnomia-support/groups/webapp"); got != "gid='2002'\n\n" {
		t.Errorf("the group's file says\n%s", got)
	}
	blank := evalWith(t, true, expression(`"/a [b]/it's.pid"`, `"mkdir $out/etc/dysnomia/containers; touch $out/etc/dysnomia/containers/c"`))
	if got := read(t, blank, "etc/dysnomia/process/webapp"); !strings.HasSuffix(got, "\npidFile='/a [b]/it'\\''s.pid'\nIFS=\nset -f\n") {
		t.Errorf("the file says\n%s", got)
	}
	if _, err := os.Stat(filepath.Join(blank, "etc/dysnomia/containers/c")); err != nil {
		t.Error(err)
	}
	drv, err := newStore(t).nix(nil, "nix-store", "--query", "--deriver", plain)
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := newStore(t).nix(nil, "nix-store", "--query", "--requisites", drv)
	if err != nil {
		t.Fatal(err)
	}
	for _, input := range strings.Fields(inputs) {
		if strings.HasSuffix(input, "-nixproc") || strings.Contains(input, "stdenv") {
			t.Errorf("the package depends on %s", input)
		}
	}
}

// Packages and manifests that know nothing of this framework: the packages are
// deployed, and what such a manifest runs goes on running as long as Disnix would
// leave it alone.
func TestDisnixTakesOver(t *testing.T) {
	t.Parallel()
	eachDisnix(t, func(t *testing.T, p *disnixPlace) {
		p.hostNeeds("daemon")
		body := func(word string) string {
			return `
let
  foreign = name: dependencies: pkgs.stdenv.mkDerivation {
    inherit name;
    program = script "${name}-program" "setsid sh -c 'echo $$ >\"$1\"; sleep 1000; rm -f \"$1\"' sh '${runtimeDir}/${name}.pid' >/dev/null 2>&1 &";
    pidFile = "${runtimeDir}/${name}.pid";
    buildCommand = ''
      mkdir -p $out/etc/dysnomia/process
      printf "process=%s\npidFile='%s'\n" "$program" "$pidFile" >$out/etc/dysnomia/process/$name
    '';
    passthru = { inherit dependencies; };
  };
in
rec {
  first = { pkg = foreign "first" [ ]; port = 1; };
  second = { pkg = foreign "second" [ first.pkg ]; };
  ours = sleeper "ours" { dependencies = [ second.pkg ]; environment.WORD = "` + word + `"; };
}`
		}
		manifest := p.built("model.nix", body("one"))
		tree := profileIn.FindStringSubmatch(read(t, manifest))[1]
		older := p.store.build(t, `let
			tree = pkgs.runCommand "localhost" { } "cp -r ${builtins.storePath "`+tree+`"} $out; chmod -R u+w $out; rm $out/nixproc.json";
		in pkgs.runCommand "manifest.xml" { } "sed -e 's|`+tree+`|${tree}|' ${builtins.storePath "`+manifest+`"} >$out"`)
		if strings.Contains(read(t, older), tree) {
			t.Fatalf("the manifest still has %s", tree)
		}
		r := p.nixproc("disnix-deploy", "--state-dir", p.path("state"), "--force-disable-user-change", older)
		if r.code != 0 || !strings.Contains(r.stdout, "3 started: generation 1") {
			t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		names := []string{"first", "second", "ours"}
		before := p.runsExactly(names...)
		if r := p.mustSwitchTo(p.model("model.nix", body("one"))); !strings.Contains(r.stdout, "3 kept: generation 2") {
			t.Errorf("the result says\n%s", r.stdout)
		}
		kept(t, before, p.runsExactly(names...), names...)
		if target := p.targetProfile(); target != tree {
			t.Errorf("the target's profile is at %s, want %s", target, tree)
		}
		p.mustSwitchTo(p.model("model.nix", body("two")))
		kept(t, before, p.runsExactly(names...), "first", "second")
		p.mustSwitchTo("--rollback")
		p.mustSwitchTo("--rollback")
		kept(t, before, p.runsExactly(names...), "first", "second")
		p.mustSwitchTo("--undeploy")
		p.runsExactly()
	})
}

// What can't be deployed is refused before anything is built or touched, by name.
func TestDisnixRefuses(t *testing.T) {
	t.Parallel()
	p := newDisnix(t, newDeployment(t))
	p.hostNeeds("daemon")
	for body, want := range map[string]string{
		`{ a = sleeper "a" { pidFile = "/x.pid"; }; b = sleeper "b" { pidFile = "/x.pid"; }; }`:                         "process 'b': it has the pid file of the process 'a', /x.pid",
		`{ a = sleeper "a" { pidFile = "x.pid"; }; }`:                                                                   "process 'a': attribute 'pidFile' is no absolute path: x.pid",
		`{ a = sleeper "a" { pidFile = "/x\ny.pid"; }; }`:                                                               "process 'a': pidFile: \"/x\\ny.pid\" has a line break",
		`{ a = sleeper "a" { nice = "very"; }; }`:                                                                       "nice: \"very\" is not a whole number",
		`{ a = sleeper "a" { umask = "rw"; }; }`:                                                                        "umask: \"rw\" is neither an octal number",
		`{ a = sleeper "a" { environment."A-B" = 1; }; }`:                                                               `environment: "A-B" can't be the name of a variable`,
		`{ a = sleeper "a" { credentials.users."a/b" = { createHomeDir = true; homeDir = "/x"; }; }; }`:                 "process 'a': ",
		`{ a = { pkg = create { name = "a"; }; }; }`:                                                                    "neither 'process', nor 'foregroundProcess', nor 'daemon'",
		`let a = sleeper "a" { dependencies = [ b ]; }; b = sleeper "b" { dependencies = [ a ]; }; in { inherit a b; }`: "the dependencies form a cycle",
	} {
		r := p.switchTo(p.model("model.nix", body))
		if r.code != 65 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit code %d, want 65 and %q\n%s", body, r.code, want, r.stderr)
		}
	}
	outside := p.write("manifest.xml", `<?xml version="1.0"?><manifest version="2"/>`)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{outside}, "is a manifest of Disnix, but not in "},
		{[]string{"-p", "a/b", outside}, "cannot be the name of a profile"},
	} {
		if r := p.switchTo(c.args...); r.code == 0 || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%q: exit code %d, want %q\n%s", c.args, r.code, c.want, r.stderr)
		}
	}
	for _, path := range []string{"state", "profiles"} {
		if entries, err := os.ReadDir(p.path(path)); len(entries) > 0 {
			t.Errorf("%s was made (%v)", path, err)
		}
	}
	if left := mentions(t, p.path("state")); len(left) > 0 || slices.Contains(p.activated(), "a") {
		t.Errorf("processes run: %q", left)
	}
}

// The functions at their older paths, with no more than their older callers gave
// them, and the manifest of a model by nix-build.
func TestDisnixByHand(t *testing.T) {
	t.Parallel()
	pkg := evalWith(t, true, `let
		at = file: import (`+frameworkOf(t, "create-managed-process/disnix")+` + "/${file}.nix");
		createCredentials = import `+frameworkOf(t, "create-credentials")+` { inherit (pkgs) stdenv lib; forceDisableUserChange = false; };
		createProcessScript = at "create-process-script" { inherit (pkgs) stdenv lib; inherit createCredentials; forceDisableUserChange = false; };
		generate = at "generate-process-script" {
			inherit createProcessScript; inherit (pkgs) writeTextFile stdenv lib daemon; basePackages = [ pkgs.coreutils ];
			runtimeDir = "/run"; logDir = "/log"; tmpDir = "/tmp"; forceDisableUserChange = false;
		};
	in generate {
		name = "old"; description = "old"; initialize = ""; daemon = "/bin/old"; daemonArgs = [ "-D" ]; instanceName = "old"; pidFile = null;
		foregroundProcess = null; foregroundProcessArgs = [ ]; path = [ ]; environment = { }; directory = null; umask = null; nice = null; user = "old";
		dependencies = [ ]; credentials.users.old = { }; overrides = { }; postInstall = "";
	}`)
	lines := strings.Split(read(t, pkg, "etc/dysnomia/process/old"), "\n")
	wrapper := strings.TrimPrefix(lines[0], "process=")
	if text := read(t, wrapper); !strings.HasSuffix(text, "exec su old -s "+shellOf(t)+" -c '/bin/old -D'\n") || lines[1] != "pidFile=/tmp/old.pid" {
		t.Errorf("the file says\n%q\nthe wrapper\n%s", lines, text)
	}
	if _, err := os.Stat(filepath.Join(pkg, "dysnomia-support/users/old")); err != nil {
		t.Error(err)
	}
	p := newDisnix(t, newDeployment(t))
	p.hostNeeds("daemon")
	model := p.model("model.nix", `{ a = sleeper "a" { }; }`)
	client := p.write("my-client", "#!/bin/sh\nexec disnix-run-activity \"$@\"\n")
	if err := os.Chmod(client, 0o755); err != nil {
		t.Fatal(err)
	}
	manifest := evalWith(t, true, `import `+frameworkOf(t, "backends/disnix/build-disnix-env.nix")+` {
		inherit pkgs; exprFile = `+nixString(model)+`; stateDir = `+nixString(p.path("state"))+`; forceDisableUserChange = true;
		clientInterface = `+nixString(client)+`; disnixDataDir = "/nowhere"; tmpDir = `+nixString(p.path("state/tmp"))+`;
	}`)
	if text := read(t, manifest); !strings.Contains(text, "<clientInterface>"+client+"</clientInterface>") || !strings.Contains(text, "<name>a</name>") {
		t.Errorf("the manifest says\n%s", text)
	}
	r := p.nixproc("disnix-switch", "--state-dir", p.path("state"), "--force-disable-user-change", manifest)
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	before := p.runsExactly("a")
	p.mustSwitchTo(model)
	kept(t, before, p.runsExactly("a"), "a")
	p.mustSwitchTo("--undeploy")
}
