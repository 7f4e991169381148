package tests

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An image has all in it that its processes need: accounts, directories, the
// profile, and every program with its loader and its libraries.
func TestImageHasWhatItNeeds(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	i := readImage(t, d.imageExpression("import (/. + "+nixString(example(t, "multi-process-image/default.nix"))+") { }"))
	if !slices.Equal(i.tags, []string{"multiprocess:test"}) {
		t.Errorf("its names are %q", i.tags)
	}
	if programs := i.linked(t); programs < 20 {
		t.Errorf("there are only %d programs", programs)
	}
	if scripts := i.interpreted(t); scripts < 3 {
		t.Errorf("there are only %d scripts", scripts)
	}
	for name, f := range i.files {
		if f.Typeflag == tar.TypeSymlink && (strings.HasPrefix(name, "/bin/") || strings.HasPrefix(name, "/etc/")) && i.follow(name) == "" {
			t.Errorf("%s leads to nothing: %s", name, f.Linkname)
		}
		if f.Uid != 0 || f.Gid != 0 || f.ModTime.Unix() != 1 || f.Uname != "" {
			t.Errorf("%s belongs to %d:%d %q, and was changed %s", name, f.Uid, f.Gid, f.Uname, f.ModTime)
		}
	}
	if program := i.config.Config.Cmd[0]; i.follow(program) == "" {
		t.Errorf("its command is %s, which it does not have", program)
	}
	for _, name := range []string{"/bin/bash", "/bin/sh", "/usr/bin/env", "/bin/ls", "/bin/ps", "/bin/su", "/etc/supervisor/supervisord.conf", "/etc/pam.d/su", "/root/.bashrc"} {
		if i.follow(name) == "" {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestImageFiles(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.model("model.nix", `{ web = sleeper "web" { user = "web"; credentials = {
		groups.web = { };
		users.web = { group = "web"; description = "It's web"; homeDir = "/srv/web"; createHomeDir = true; shell = "/bin/sh"; };
	}; }; zed.pkg = `+credentialsPackage(t, `groups.zed = { }; users.zed.group = "zed";`)+`; }`)
	longest := strings.Repeat("abcde", 51) // that docker takes
	i := d.makeImage("one", "--no-interactive", "--name", longest, model)
	if !slices.Equal(i.tags, []string{longest + ":latest"}) {
		t.Errorf("its names are %q", i.tags)
	}
	for name, want := range map[string]string{
		"/root": "d 0700 0:0", "/tmp": "d 1777 0:0", "/run": "d 0755 0:0", "/var/empty": "d 0755 0:0", "/var/log": "d 0755 0:0", "/var/lib": "d 0755 0:0",
		"/var/run": "-> ../run", "/var/tmp": "-> ../tmp", "/srv/web": "d 0755 1000:1000", "/etc/shadow": "- 0600 0:0", "/etc/passwd": "- 0644 0:0",
		"/bin/bash": "nothing", "/root/.bashrc": "nothing", "/etc/supervisor": "-> " + i.files["/etc/supervisor"].Linkname,
	} {
		if got := i.describe(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"/etc/passwd": "\nweb:x:1000:1000:It's web:/srv/web:/bin/sh\nzed:x:1001:1001::/dev/null:/bin/sh\nnobody:x:65534:65534::/dev/null:/bin/sh\n",
		"/etc/group":  "root:x:0:\nweb:x:1000:\nzed:x:1001:\nnogroup:x:65534:\n",
		"/etc/shadow": "root:!:1::::::\nweb:!:1::::::\nzed:!:1::::::\nnobody:!:1::::::\n",
	} {
		if got := string(i.files[name].data); !strings.HasSuffix(got, want) {
			t.Errorf("%s is %q, want %q at its end", name, got, want)
		}
	}

	// Without user changes no account is made, and all state may be elsewhere.
	i = d.makeImage("two", "--no-interactive", "--force-disable-user-change", "--state-dir", "/state", "--log-dir", "/logs", "--name", "b", model)
	if passwd := string(i.files["/etc/passwd"].data); strings.Contains(passwd, "web") || strings.Contains(passwd, "zed") {
		t.Errorf("accounts of processes are made: %s", passwd)
	}
	for _, name := range []string{"/state/run", "/state/lib", "/logs", "/srv/web"} {
		if got := i.describe(name); got != "d 0755 0:0" {
			t.Errorf("%s is %s", name, got)
		}
	}
	if cmd := i.config.Config.Cmd; !slices.Contains(cmd, "/logs/supervisord.log") || !slices.Contains(cmd, "/state/run/supervisord.pid") {
		t.Errorf("what supervisord itself writes is elsewhere: %q", cmd)
	}
	if got := i.describe("/state/tmp"); got != "d 1777 0:0" {
		t.Errorf("/state/tmp is %s", got)
	}
}

// An output of a flake gives the same image as the file; without a name for the
// archive it is written to standard output.
func TestImageOfFlake(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.model("flake/model.nix", `{ a = sleeper "a" { }; }`)
	d.write("flake/flake.nix", "{ outputs = { self }: { processes.web = import ./model.nix; }; }")
	if err := os.Symlink("behind the link", d.path("file.tar")); err != nil {
		t.Fatal(err)
	}
	d.makeImage("file", "--no-interactive", model)
	if _, err := os.Readlink(d.path("file.tar")); err != nil {
		t.Errorf("a link was replaced: %v", err)
	}
	d.env = append(d.env, "NIXPROC="+d.path("none"))
	r := d.nixproc("image", "-P", "supervisord", "--no-interactive", "./flake#web")
	for _, want := range []string{"NIXPROC: there is no " + d.path("none/image.nix"), "warning: the packages are links to programs of this machine"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("nothing says %q:\n%s", want, r.stderr)
		}
	}
	if want := read(t, d.path("file.tar")); r.code != 0 || r.stdout != want {
		t.Errorf("exit code %d, %d bytes, want %d\n%s", r.code, len(r.stdout), len(want), r.stderr)
	}
	r = d.nixproc("image", "-P", "supervisord", "--no-interactive", "--oci", "-o", d.path("layout"), "./flake#web")
	if r.code != 0 || r.stdout != "processes:latest\n" || !exists(d.path("layout/index.json")) {
		t.Errorf("--oci: exit code %d, %q\n%s", r.code, r.stdout, r.stderr)
	}
}

// Whoever makes an image, and wherever: it is the same, byte for byte.
func TestImageIsReproducible(t *testing.T) {
	t.Parallel()
	store := newOwnStore(t, "sandbox = false")
	d := newDeploymentIn(t, store)
	digests := map[string]string{}
	for _, clone := range []string{"one", "another clone"} {
		copyTree(t, filepath.Join(checkoutPath(t), "nixproc"), d.path(clone, "nixproc"))
		copyTree(t, filepath.Join(checkoutPath(t), "examples"), d.path(clone, "examples"))
		model := d.modelOf(d.path(clone), clone+"/model.nix", `{ a = sleeper "a" { user = "a"; credentials = { groups.a = { }; users.a.group = "a"; }; }; b = sleeper "b" { path = [ pkgs.gnused pkgs.gnugrep ]; }; }`)
		d.env = append(d.env, "NIXPROC="+d.path(clone, "nixproc"))
		d.makeImage(clone, model)
		sum := sha256.Sum256([]byte(read(t, d.path(clone+".tar"))))
		digests[hex.EncodeToString(sum[:])] = clone
		store.empty(t)
	}
	if len(digests) != 1 {
		t.Errorf("the digests are %v", digests)
	}
}

// A process that changes takes no more with it than what belongs to it.
func TestImageOfChangedProcess(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	big := func(size, seconds int) string {
		return d.model("model.nix", fmt.Sprintf(`
let program = name: pkgs.runCommand name { } "mkdir -p $out/bin; head -c %d /dev/urandom >$out/bin/${name}"; in
{ a = sleeper "a" { environment.PROGRAM = program "big"; args = [ %d ]; }; b = sleeper "b" { environment.PROGRAM = program "other"; }; }`, size, seconds))
	}
	before := d.makeImage("before", big(3<<20, 1000))
	after := d.makeImage("after", big(3<<20, 2000))
	changed, kept := 0, 0
	for _, layer := range after.layers {
		if slices.ContainsFunc(before.layers, func(other imageLayer) bool { return other.digest == layer.digest }) {
			kept += layer.size
		} else {
			changed += layer.size
		}
	}
	if changed == 0 || changed > 100_000 || kept < 6<<20 {
		t.Errorf("%d bytes change, %d stay", changed, kept)
	}
	if last := after.layers[len(after.layers)-1]; !slices.Contains(last.paths, "/etc/passwd") || slices.ContainsFunc(before.layers[:len(before.layers)-2], func(layer imageLayer) bool {
		return !slices.ContainsFunc(after.layers, func(other imageLayer) bool { return other.digest == layer.digest })
	}) {
		t.Error("what changes is not in the last layers")
	}
}

// What can't become an image is told in one message, before anything is built, and
// nothing is left.
func TestImageRefuses(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	good := d.model("good.nix", `{ a = sleeper "a" { }; }`)
	accounts := func(name, first, second string) string {
		return d.model(name, fmt.Sprintf(`{ a = sleeper "a" { credentials = { %s }; }; b = sleeper "b" { credentials = { %s }; }; }`, first, second))
	}
	d.write("there", "x")
	if err := os.Symlink("none/image.tar", d.path("astray")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{64, "systemd can't live in a container: use -P with one of disnix, s6-rc, supervisord, sysvinit", []string{"-P", "systemd", good}},
		{64, "docker can't live in a container", []string{"-P", "docker", good}},
		{64, "launchd can't live in a container", []string{"-P", "launchd", good}},
		{64, "there is no process manager 'upstart' here: use disnix, s6-rc, supervisord, sysvinit\n", []string{"-P", "upstart", good}},
		{64, `docker can't have an image with the name "Web"`, []string{"--name", "Web", good}},
		{64, `docker can't have an image with the name "web:1"`, []string{"--name", "web:1", good}},
		{64, "it has 256 characters, more than 255", []string{"--name", strings.Repeat("abcd", 64), good}},
		{64, `docker can't have an image with the tag "-x"`, []string{"--tag=-x", good}},
		{64, "--oci makes a directory", []string{"--oci", good}},
		{64, "it exists already", []string{"--oci", "-o", d.path("there"), good}},
		{64, "it is a directory; name a file, or add --oci", []string{"-o", d.dir, good}},
		{64, "there is no directory /nonexistent", []string{"-o", "/nonexistent/a", good}},
		{64, "--output: /proc/image.tar can't be replaced: ", []string{"-o", "/proc/image.tar", good}},
		{64, "--output /proc/layout can't be made: ", []string{"--oci", "-o", "/proc/layout", good}},
		{64, "--output: " + d.path("astray") + " can't be written: ", []string{"-o", d.path("astray"), good}},
		{64, "no processes model was given", nil},
		{65, "does not exist", []string{d.path("none.nix")}},
		{65, "has no processes: there is nothing for a container to run", []string{d.model("empty.nix", "{ }")}},
		{65, "there is nothing for supervisord to run in the package of process 'tool'\n", []string{"--no-interactive", d.model("tool.nix", `{ a = sleeper "a" { }; tool.pkg = pkgs.gnused; }`)}},
		{65, "in the package of process 'zed'\n  'zed' has accounts alone", []string{"--no-interactive", d.model("zed.nix", `{ zed.pkg = `+credentialsPackage(t, `groups.zed = { };`)+`; }`)}},
		{65, "process 'file' has the file ", []string{"--no-interactive", d.model("file.nix", `{ file.pkg = pkgs.writeText "justfile" "x"; }`)}},
		{65, "a -> b -> a", []string{d.model("cycle.nix", `rec { a = sleeper "a" { dependencies = [ b.pkg ]; }; b = sleeper "b" { dependencies = [ a.pkg ]; }; }`)}},
		{65, "the users x (process a) and y (process b) have the same uid, 5", []string{accounts("uid.nix", `users.x = { uid = 5; group = "root"; };`, `users.y = { uid = 5; group = "root"; };`)}},
		{65, "the groups g (process b) and nogroup (the image's steps) have the same gid, 65534", []string{accounts("gid.nix", "", `groups.g.gid = 65534;`)}},
		{65, "user nobody has the uid 65534 by the image's steps, and 3 by process a", []string{accounts("nobody.nix", `users.nobody.uid = 3;`, "")}},
		{65, "there is no group none", []string{accounts("group.nix", `users.x.group = "none";`, "")}},
	} {
		args := []string{"image", "-P", "supervisord"}
		if !slices.Contains(c.args, "--oci") {
			args = append(args, "-o", d.path("image.tar"))
		}
		r := d.nixproc(append(args, c.args...)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.want) || strings.Contains(r.stderr, "/nixproc-") || r.stdout != "" {
			t.Errorf("%q: exit code %d, want %d with %q\n%s%s", c.args, r.code, c.code, c.want, r.stdout, r.stderr)
		}
		if exists(d.path("image.tar")) || read(t, d.path("there")) != "x" {
			t.Errorf("%q: something was written", c.args)
		}
	}
}

// The functions that expressions call refuse the same.
func TestImageStepsRefuse(t *testing.T) {
	t.Parallel()
	for arguments, want := range map[string]string{
		`{ input = { name = "A"; }; steps = [ (framework + "/create-image-from-steps/steps/init.nix") ]; }`:              `docker can't have an image with the name "A": it takes lower case`,
		`{ input = { name = "a"; tag = "a b"; }; steps = [ (framework + "/create-image-from-steps/steps/init.nix") ]; }`: `docker can't have an image with the tag "a b": it takes up to 128`,
		`{ input = { }; steps = [ (framework + "/create-image-from-steps/steps/init.nix") ]; }`:                          `an image needs a name`,
		`{ input = { }; steps = [ { } ]; }`:                                                    "a step gives a set, where a function",
		`{ input = { }; steps = [ (builtins.toFile "step.nix" "3") ]; }`:                       "-step.nix gives a number, where a function",
		`{ input = { }; steps = [ ({ result, ... }: [ result ]) ]; }`:                          "a step results in a list, where a set",
		`{ input = { }; steps = { }; }`:                                                        "the steps of an image are a set, where a list is due",
		`{ input = { }; steps = [ ({ result, ... }: { name = "a"; runAsRoot = "true"; }) ]; }`: "runAsRoot of an image: only dockerTools does that",
		`{ input = { }; steps = map (uid: { result, ... }: import (framework + "/create-image-from-steps/declare.nix") (result // { name = "a"; }) { users.x = { inherit uid; }; }) [ 1 2 ]; }`: "two steps of the image declare the user 'x', with the uid 1 and 2",
		`{ input = { }; steps = [ ({ result, ... }: { name = "a"; image.files."/a/b" = { }; image.files."/a" = { }; }) ]; }`:                                                                    "/a/b can't be made: /a is a file",
		`{ input = { }; steps = [ ({ result, ... }: { name = "a"; config.Cdm = [ ]; }) ]; }`:                                                                                                    `unknown field "Cdm"`,
	} {
		if path, err := imageOfSteps(t, arguments); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %s, %v, want %s", arguments, path, err, want)
		}
	}
}

// What is misspelt among the arguments of an image is named.
func TestImageArguments(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, function := range []string{"create-multi-process-image-universal", "create-mutable-multi-process-image-universal", "create-nix-image"} {
		expression := fmt.Sprintf(`import %s { pkgs = import <nixpkgs> { }; } { name = "a"; processManager = "sysvinit"; manpages = true; tagg = "b"; intractive = true; }`,
			frameworkOf(t, "create-image-from-steps/"+function+".nix"))
		_, err := s.nix(nil, "nix-instantiate", "--eval", "-E", expression)
		if err == nil || !strings.Contains(err.Error(), "an image has no argument 'intractive', 'tagg': it takes architecture, bootstrap,") {
			t.Errorf("%s: %v", function, err)
		}
	}
}

// Steps of a user's own are composed with ours; an image without a tag has one by
// its store path.
func TestImageOfOwnSteps(t *testing.T) {
	t.Parallel()
	path, err := imageOfSteps(t, `(let steps = framework + "/create-image-from-steps/steps"; in {
		pkgs = pkgs // { groff = pkgs.diffutils; };
		input = { name = "own"; contents = pkgs.gnused; copyToRoot = [ pkgs.gnugrep ]; config = { Cmd = "/bin/sed"; Env = [ "A=1" ]; }; manpages = true; };
		common.system = "x";
		steps = [ (steps + "/init.nix") (steps + "/basic.nix") (steps + "/man.nix") ({ pkgs, common, input, result }: import (framework + "/create-image-from-steps/declare.nix") result {
			files."/etc/motd".text = "${input.name} ${common.system} ${toString (builtins.length result.contents)}";
			users.nobody.description = "Nobody";
			generations."/nix/var/nix/profiles/processes" = pkgs.gnused;
		}) ];
	})`)
	if err != nil {
		t.Fatal(err)
	}
	i := readImage(t, path)
	hash, _, _ := strings.Cut(filepath.Base(path), "-")
	if !slices.Equal(i.tags, []string{"own:" + hash}) || !slices.Equal(i.config.Config.Cmd, []string{"/bin/sed"}) || !slices.Equal(i.config.Config.Env, []string{"A=1", "MANPATH=/share/man:/nix/var/nix/profiles/default/share/man"}) {
		t.Errorf("the image is %+v, %+v", i.tags, i.config)
	}
	if got := string(i.files["/etc/motd"].data); got != "own x 5" {
		t.Errorf("motd is %q", got)
	}
	if got := string(i.files["/etc/passwd"].data); !strings.Contains(got, "nobody:x:65534:65534:Nobody:") {
		t.Errorf("passwd is %q", got)
	}
	if i.files["/nix/var/nix/profiles/processes"].Linkname != "processes-1-link" || !strings.HasSuffix(i.files["/nix/var/nix/profiles/processes-1-link"].Linkname, "-gnused") {
		t.Error("there is no generation")
	}
}

// Only what a user's own shell text does is left to dockerTools, on top of the
// image that the command makes.
func TestImageWithShellText(t *testing.T) {
	t.Parallel()
	out := newStore(t)
	binary, err := storedBinary()
	if err != nil {
		t.Fatal(err)
	}
	said, err := out.nix([]string{"NIXPROC_BUILDER=" + binary}, "nix-instantiate", "--eval", "--strict", "--json", "-E", fmt.Sprintf(`let
		framework = %s;
		plain = import <nixpkgs> { };
		recording = { name, tag ? null, fromImage ? null, contents ? [ ], config ? null, runAsRoot ? null, extraCommands ? "", diskSize ? 1024 }@given: given;
		pkgs = plain // { dockerTools.buildImage = recording; };
		made = input: steps: import (framework + "/create-image-from-steps/create-image-from-steps.nix") {
			inherit pkgs input;
			steps = [ (framework + "/create-image-from-steps/steps/init.nix") (framework + "/create-image-from-steps/steps/basic.nix") ] ++ steps;
		};
		own = { result, ... }: result // { runAsRoot = result.runAsRoot or "" + "echo mine"; };
		asked = made { name = "a"; tag = "b"; contents = [ plain.gnused ]; diskSize = 2048; config.Cmd = [ "/bin/sed" ]; unknown = 3; } [ own ];
	in {
		asked = asked // { fromImage = asked.fromImage.name; };
		same = asked.fromImage == made { name = "a"; tag = "b"; contents = [ plain.gnused ]; config.Cmd = [ "/bin/sed" ]; } [ ];
		extra = (made { name = "a"; extraCommands = "echo too"; } [ ]).extraCommands;
	}`, frameworkOf(t, "")))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"asked":{"config":{"Cmd":["/bin/sed"]},"diskSize":2048,"fromImage":"docker-image-a.tar","name":"a","runAsRoot":"echo mine","tag":"b"},"extra":"echo too","same":true}`; said != want {
		t.Errorf("dockerTools is asked for %s, want %s", said, want)
	}
}

// What docker loads is what was declared, also where a layer lies upon another.
func TestImageIsLoaded(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	p.hostNeeds("supervisor", "patchelf")
	model := p.model("model.nix", `{ a = sleeper "a" { user = "a"; credentials = { groups.a = { }; users.a = { group = "a"; homeDir = "/srv/a"; createHomeDir = true; }; }; }; }`)
	pipe := p.program("sh", "-c", `nixproc=$1; shift; "$nixproc" image -P supervisord --host-packages --name it/loaded --tag 1 "$@" | docker load`, "sh", p.binary, model)
	if pipe.code != 0 || !strings.Contains(pipe.stdout, "Loaded image: it/loaded:1") {
		t.Fatalf("exit code %d\n%s%s", pipe.code, pipe.stdout, pipe.stderr)
	}
	r := p.docker("run", "--rm", "--network", "host", "it/loaded:1", "/bin/bash", "-ec",
		`stat -c '%A %U:%G %n' / /bin /etc /etc/shadow /root /run /srv/a /tmp /var/empty "${0%/*}"; su -s /bin/bash a -c 'id -un; [ ! -w /etc ]'; cd /var/run && pwd -P`, p.store.dir+"/store/x")
	want := `drwxr-xr-x root:root /
drwxr-xr-x root:root /bin
drwxr-xr-x root:root /etc
-rw------- root:root /etc/shadow
drwx------ root:root /root
drwxr-xr-x root:root /run
drwxr-xr-x a:a /srv/a
drwxrwxrwt root:root /tmp
drwxr-xr-x root:root /var/empty
drwxr-xr-x root:root ` + p.store.dir + `/store
a
/run
`
	if r.code != 0 || r.stdout != want {
		t.Errorf("exit code %d\n%s\nwant\n%s%s", r.code, r.stdout, want, r.stderr)
	}
}
