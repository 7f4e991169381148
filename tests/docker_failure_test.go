package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// obedient is a Nix function in models: a process that ends when it is asked
// to, which the first process in a container does not do by itself.
const obedient = `obedient = name: more: sleeper name ({
  foregroundProcess = script name "trap 'exit 0' TERM; sleep 1000 & wait";
} // more);
`

// containers writes a model in which obedient is there.
func (p *dockerPlace) containers(name, body string) string {
	p.t.Helper()
	return p.model(name, "let "+obedient+"in\n"+body)
}

// D21, D22, P5: a container that does not stay up fails the switch with its last
// words, and what was stopped runs again; one that died is started again.
func TestDockerFailure(t *testing.T) {
	t.Parallel()
	failingContainers(t, newDocker(t))
}

func TestPodmanFailure(t *testing.T) {
	t.Parallel()
	failingContainers(t, newPodman(t))
}

func failingContainers(t *testing.T, p *dockerPlace) {
	good := p.containers("good.nix", `rec { a = obedient "a" { }; b = obedient "b" { dependencies = [ a.pkg ]; }; }`)
	p.mustSwitchTo(good)
	before := p.runsExactly("a", "b")

	for name, body := range map[string]string{
		"the disk is on fire": `foregroundProcess = script "bad" "echo the disk is on fire >&2; exit 3";`,
		"no/such/program":     `foregroundProcess = "/no/such/program";`,
		"the initialisation":  `foregroundProcess = "/bin/sh"; initialize = "false";`,
		"there is no group g": `foregroundProcess = "/bin/sh"; credentials.users.u.group = "g";`,
	} {
		r := p.switchTo(p.containers("bad.nix", `rec {
  a = obedient "a" { };
  bad = { pkg = create { name = "bad"; `+body+` }; };
  b = obedient "b" { args = [ 2000 ]; dependencies = [ bad.pkg ]; };
}`))
		if r.code != 1 || !strings.Contains(r.stderr, "'bad'") || !strings.Contains(r.stderr, name) {
			t.Errorf("want %q: exit code %d\n%s", name, r.code, r.stderr)
		}
		kept(t, before, p.runsExactly("a", "b"), "a")
	}
	if page := p.nixproc("docker-switch", "--list-generations").stdout; strings.Count(page, "\n") != 1 {
		t.Errorf("the generations are\n%s", page)
	}

	after := p.observe()
	died := p.pid("a")
	if err := syscall.Kill(died, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the container has ended, and docker knows", func() bool {
		return p.inspect("container", "nixproc-a", "{{.State.Status}}") == "exited"
	})
	r := p.nixproc("status")
	if r.code != 1 || !strings.Contains(r.stdout, "exited, exit code 137") {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = p.mustSwitchTo(good)
	again := p.runsExactly("a", "b")
	kept(t, after, again, "b")
	if !strings.Contains(r.stdout, "did not run") {
		t.Errorf("a second switch says\n%s", r.stdout)
	}
	if r := p.nixproc("status"); r.code != 0 || !strings.Contains(r.stdout, "running") {
		t.Errorf("status: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// Who owns what: two profiles do not touch each other; what is another's, or a
// person's, is left alone; names are compared as a whole, and images go when
// nothing needs them any more (D12).
func TestDockerOwnership(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	one := p.containers("one.nix", `{ a = obedient "a" { }; ab = obedient "ab" { }; }`)
	two := p.containers("two.nix", `{ b = obedient "b" { }; }`)
	p.mustSwitchTo(one)
	first := p.observe()
	p.mustSwitchTo("-p", "other", two)
	both := p.runsExactly("a", "ab", "b")
	kept(t, first, both, "a", "ab")

	r := p.switchTo("-p", "other", p.containers("clash.nix", `{ a = obedient "a" { }; b = obedient "b" { args = [ 1 ]; }; }`))
	if r.code != 1 || !strings.Contains(r.stderr, "nixproc-a belongs to the profile "+p.path("profiles", "processes")) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	kept(t, both, p.runsExactly("a", "ab", "b"), "a", "ab", "b")

	// A person's own image and containers.
	image := filepath.Join(p.dir, "hand.tar")
	if out := p.store.build(t, `pkgs.runCommand "hand" { } "mkdir $out; touch $out/file; tar -C $out -cf $out.tar file; mv $out.tar $out/layer.tar"`); out != "" {
		data := read(t, out, "layer.tar")
		if err := os.WriteFile(image, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if r := p.docker("import", image, "c:latest"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	id := strings.TrimSpace(p.docker("image", "inspect", "--format", "{{.ID}}", "c:latest").stdout)
	if r := p.docker("create", "--name", "x-nixproc-c", "c:latest", "/file"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	r = p.switchTo(p.containers("three.nix", `{ c = obedient "c" { }; ab = obedient "ab" { }; }`))
	if r.code != 1 || !strings.Contains(r.stderr, "docker has another image called c:latest, which would lose that name") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	kept(t, both, p.observe(), "ab", "b")
	p.mustSwitchTo("--undeploy")
	kept(t, both, p.observe(), "b")
	if got := p.list("ps", "-a", "--format", "{{.Names}}"); !slices.Equal(got, []string{"nixproc-b", "x-nixproc-c"}) {
		t.Errorf("the containers are %q", got)
	}
	if is := strings.TrimSpace(p.docker("image", "inspect", "--format", "{{.ID}}", "c:latest").stdout); is != id {
		t.Errorf("c:latest, which a person made, was %s and is %s", id, is)
	}
	p.mustSwitchTo("-p", "other", "--undeploy")
	if got := p.list("images", "-q", "--no-trunc"); !slices.Equal(got, []string{id}) {
		t.Errorf("the images are %q, want %q", got, id)
	}
}

// P9, D26: a dependency added below a process moves it in the order, and
// restarts nothing; another image restarts, and the old one does not stay.
func TestDockerPriority(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	p.mustSwitchTo(p.containers("one.nix", `rec { a = obedient "a" { }; b = obedient "b" { dependencies = [ a.pkg ]; }; }`))
	before := p.observe()
	r := p.mustSwitchTo(p.containers("two.nix", `rec {
  z = obedient "z" { };
  a = obedient "a" { dependencies = [ z.pkg ]; };
  b = obedient "b" { dependencies = [ a.pkg ]; };
}`))
	kept(t, before, p.runsExactly("a", "b", "z"), "a", "b")
	if !strings.Contains(r.stdout, "1 started, 2 kept") {
		t.Errorf("the result says\n%s", r.stdout)
	}
	for i, name := range []string{"z", "a", "b"} {
		if _, err := os.Stat(p.path("profiles/processes", fmt.Sprintf("0%d-%s-docker-priority", i+1, name))); err != nil {
			t.Error(err)
		}
	}
	p.mustSwitchTo(p.containers("three.nix", `{ a = obedient "a" { environment.NEW = "1"; }; }`))
	p.runsExactly("a")
	if got := p.list("images", "-aq"); len(got) != 1 {
		t.Errorf("images are left: %q", got)
	}
}

// Nothing is touched where docker does not run, and what docker can't take is
// refused before anything is built.
func TestDockerRefuses(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	needsRoot(t, "docker")
	d.env = append(d.env, "DOCKER_HOST=unix://"+d.path("no socket"), "DOCKER_CONFIG="+d.dir, "NIXPROC_DOCKER=docker")
	p := &dockerPlace{deployment: d}
	r := p.switchTo(p.containers("model.nix", `{ a = obedient "a" { }; }`))
	if r.code != 1 || !strings.Contains(r.stderr, "docker can't be asked what it runs") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	for model, want := range map[string]string{
		`A = obedient "A" { };`: `process 'A': docker can't have an image with the name "A:latest"`,
		`b = obedient "b" { overrides.docker.container.mapStateDirVolumes = [ "/a:b" ]; };`:       "process 'b': dockerCreateParameters: docker takes a colon",
		`c = obedient "c" { overrides.docker.container.dockerCreateParameters.label = "x\ny"; };`: "process 'c': dockerCreateParameters:",
		`d = obedient "d" { overrides.docker.image.config.Cdm = [ ]; };`:                          `process 'd': the image's configuration can't be read: json: unknown field "Cdm"`,
		`e = obedient "e" { umask = "9"; nice = 20; };`:                                           `process 'e': nice: "20" is not a whole number`,
		`f = obedient "f" { credentials.users."a b" = { }; };`:                                    `process 'f': user "a b"`,
		`g = obedient "g" { environment."A=B" = ""; };`:                                           `process 'g': environment: "A=B" can't be the name of a variable`,
		`h = obedient "h" { overrides.docker.container.dockerStopTimeout = "soon"; };`:            `process 'h': dockerStopTimeout: "soon" is no number`,
	} {
		r := p.switchTo(p.containers("model.nix", "{ "+model+" }"))
		if r.code != 65 || !strings.Contains(r.stderr, want) {
			t.Errorf("want %q: exit code %d\n%s", want, r.code, r.stderr)
		}
	}
	if _, err := os.Stat(p.path("state")); err == nil {
		t.Error("the state directory was made")
	}
}
