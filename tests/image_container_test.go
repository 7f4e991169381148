package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var firstProcess = sync.OnceValue(func() error {
	binary, err := builtBinary()
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", filepath.Join(filepath.Dir(binary), "nixproc-init"), "./cmd/nixproc-init")
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
})

// contained is a manager as it lives in a container.
type contained struct {
	manager    string
	privileged bool
	needs      []string // packages
	first      string   // a word of the first process's command line
	often      bool     // whether it is tried each time, or only with allImages
}

func (c contained) String() string {
	return c.manager + map[bool]string{true: "", false: "-unprivileged"}[c.privileged]
}

var containedCases = []contained{
	{manager: "sysvinit", privileged: true, first: "nixproc-init", often: true},
	{manager: "sysvinit", first: "nixproc-init"},
	{manager: "disnix", privileged: true, first: "nixproc-init"},
	{manager: "disnix", first: "nixproc-init", often: true},
	{manager: "supervisord", privileged: true, needs: []string{"supervisor"}, first: "supervisord", often: true},
	{manager: "supervisord", needs: []string{"supervisor"}, first: "supervisord"},
	{manager: "s6-rc", privileged: true, needs: []string{"s6", "execline"}, first: "s6-svscan", often: true},
	{manager: "s6-rc", needs: []string{"s6", "execline"}, first: "s6-svscan", often: true},
}

// load makes an image of a model and has docker load it. It gives what else docker
// has to be told to run it.
func (p *dockerPlace) load(c contained, name string, args ...string) (options []string) {
	p.t.Helper()
	if err := firstProcess(); err != nil {
		p.t.Fatal(err)
	}
	p.hostNeeds(append([]string{"nginx", "patchelf"}, c.needs...)...)
	args = append([]string{"image", "-P", c.manager, "--name", name, "-o", p.path(name + ".tar")}, args...)
	if !c.privileged {
		args = append(args, "--force-disable-user-change")
	}
	if c.manager == "s6-rc" {
		options = p.withS6rc()
	} else {
		args = append(args, "--host-packages")
	}
	if r := p.nixproc(args...); r.code != 0 {
		p.t.Fatalf("image: exit code %d\n%s", r.code, r.stderr)
	}
	if r := p.docker("load", "-i", p.path(name+".tar")); r.code != 0 {
		p.t.Fatalf("docker load: %s", r.stderr)
	}
	return options
}

// withS6rc makes the s6-rc on the PATH one of the packages. It calls programs by
// the places that it was built for, so the container has to see those.
func (p *dockerPlace) withS6rc() []string {
	p.t.Helper()
	program, err := exec.LookPath("s6-rc-compile")
	if err != nil {
		p.t.Skip("s6-rc is not installed")
	}
	dir := filepath.Dir(program)
	p.write("pkgs/default.nix", `args: let pkgs = import (/. + `+nixString(filepath.Join(checkoutPath(p.t), "nixproc/hostpkgs/self-contained"))+`) args; in
pkgs // { s6-rc = pkgs.runCommand "s6-rc" { } "mkdir $out; ln -s `+dir+` $out/bin"; }`)
	p.env = append(p.env, "NIX_PATH=nixpkgs="+p.path("pkgs"))
	var options []string
	for _, place := range []string{"/usr:/usr", "/usr/lib:/lib", "/lib64:/lib64", filepath.Dir(dir) + ":" + filepath.Dir(dir)} {
		options = append(options, "--volume", place+":ro")
	}
	return options
}

// exit waits for the end of a container and gives its exit code.
func (p *dockerPlace) exit(name string) string {
	p.t.Helper()
	return strings.TrimSpace(p.docker("wait", name).stdout)
}

func (p *dockerPlace) logs(name string) string {
	p.t.Helper()
	r := p.docker("logs", name)
	return r.stdout + r.stderr
}

// served waits until nginx, in the network of a container alone, passes on what the
// web application says.
func (p *dockerPlace) served(name string) {
	p.t.Helper()
	var said outcome
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		pid := p.inspect("container", name, "{{.State.Pid}}")
		if said = p.program("nsenter", "-t", pid, "-n", "curl", "-sS", "-m", "2", "-H", "Host: webapp.local", "http://127.0.0.1:8080/"); strings.Contains(said.stdout, "listening on port: 5000") {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("%s does not serve: %s%s\n%s", name, said.stdout, said.stderr, p.logs(name))
		}
	}
}

// webModel is an example with two processes more, which tell of their end.
func webModel(t *testing.T) string {
	return `
let
  web = import (/. + ` + nixString(example(t, "webapps-agnostic/processes.nix")) + `) { inherit pkgs system stateDir runtimeDir logDir forceDisableUserChange processManager; };
  tells = name: dependencies: sleeper name {
    inherit dependencies;
    foregroundProcess = script name "trap 'echo ${name} >>${logDir}/ended; exit' TERM; while :; do sleep 0.05; done";
    args = [ ];
  };
in web // rec {
  base = tells "base" [ ];
  top = tells "top" [ base.pkg ];
}`
}

// A container runs all of a model, whichever manager is its first process: what
// dies is reaped, docker stop ends all in time and in order, and it comes up again,
// also after a power cut.
func TestContainers(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	needsRoot(t, "nsenter", "curl")
	model := p.model("web.nix", webModel(t))
	for _, c := range containedCases {
		t.Run(c.String(), func(t *testing.T) {
			if !c.often && os.Getenv(allImages) == "" {
				t.Skip("it takes long: " + allImages + "=1 runs it")
			}
			p := p.of(t)
			name := c.String()
			options := p.load(c, name, model)
			if r := p.docker(slices.Concat([]string{"run", "-d", "--network", "none", "--name", name}, options, []string{name})...); r.code != 0 {
				t.Fatal(r.stderr)
			}
			p.served(name)
			p.reaps(name)
			p.lists(c, name)
			p.stops(name)

			if r := p.docker("start", name); r.code != 0 {
				t.Fatal(r.stderr)
			}
			p.served(name)
			if r := p.docker("kill", name); r.code != 0 {
				t.Fatal(r.stderr)
			}
			if r := p.docker("start", name); r.code != 0 {
				t.Fatal(r.stderr)
			}
			p.served(name)
			p.lists(c, name)
			p.docker("rm", "-f", name)
		})
	}
}

// of is the same place for a part of a test.
func (p *dockerPlace) of(t *testing.T) *dockerPlace {
	d := *p.deployment
	d.t, d.env = t, slices.Clone(p.env)
	return &dockerPlace{deployment: &d, own: p.own}
}

// reaps leaves orphans in a container, and waits until they are gone.
func (p *dockerPlace) reaps(name string) {
	p.t.Helper()
	if r := p.docker("exec", name, "sh", "-c", "(sleep 0.1 &) ; (sleep 0.2 &)"); r.code != 0 {
		p.t.Fatalf("docker exec: %s", r.stderr)
	}
	left := ""
	eventually(p.t, "that orphans are reaped", func() bool {
		left = p.docker("exec", name, "ps", "-eo", "stat,args").stdout
		return !strings.Contains(left, "defunct") && !strings.Contains(left, "sleep 0.2")
	})
}

// lists checks what docker exec shows to run, and as whom.
func (p *dockerPlace) lists(c contained, name string) {
	p.t.Helper()
	user := map[bool]string{true: "webapp", false: "root"}[c.privileged]
	said := p.docker("exec", name, "ps", "-eo", "pid,user,args").stdout
	of := map[string]int{} // lines
	for line := range strings.Lines(said) {
		fields := strings.Fields(line)
		command := strings.Join(fields[2:], " ")
		if fields[0] == "1" && strings.Contains(command, c.first) {
			of["first"]++
		}
		if fields[1] == user && strings.Contains(command, "/bin/webapp") {
			of["webapp"]++
		}
		for _, process := range []string{"nginx: master", "-base", "-top"} {
			if strings.Contains(command, process) && !strings.Contains(command, "/bin/daemon ") {
				of[process]++
			}
		}
	}
	for _, process := range []string{"first", "webapp", "nginx: master", "-base", "-top"} {
		if of[process] == 0 {
			p.t.Errorf("%s is not among the processes:\n%s", process, said)
		}
	}
}

// stops checks that a container ends when docker asks it to, and is not killed, and
// that each process had its signal, in the reverse order.
func (p *dockerPlace) stops(name string) {
	p.t.Helper()
	if r := p.docker("stop", "-t", "60", name); r.code != 0 {
		p.t.Fatalf("docker stop: %s", r.stderr)
	}
	if code := p.exit(name); code != "0" {
		p.t.Errorf("the exit code is %s\n%s", code, p.logs(name))
	}
	p.docker("cp", name+":/var/log/ended", p.path(name+".ended"))
	if ended := read(p.t, p.path(name+".ended")); ended != "top\nbase\n" {
		p.t.Errorf("they ended in the order %q\n%s", ended, p.logs(name))
	}
}

// A process that does not start ends the container: the exit code tells, and the
// log says which, and what it said.
func TestContainerOfFailingProcess(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	model := p.model("bad.nix", `rec {
  base = sleeper "base" { foregroundProcess = script "base" "trap 'echo base ended >>${logDir}/ended; exit' TERM; while :; do sleep 0.05; done"; args = [ ]; };
  bad = daemon "bad" "echo no such database; exit 3" [ base.pkg ];
}`)
	for _, c := range containedCases {
		if !c.privileged || c.manager == "supervisord" {
			continue // supervisord tries again, and goes on
		}
		t.Run(c.String(), func(t *testing.T) {
			p := p.of(t)
			options := p.load(c, "bad", "--no-interactive", "--tmp-dir=/run/tmp", model)
			if c.manager == "sysvinit" {
				p.readOnly("bad")
			}
			if r := p.docker(slices.Concat([]string{"run", "-d", "--network", "none", "--name", "bad"}, options, []string{"bad"})...); r.code != 0 {
				t.Fatal(r.stderr)
			}
			defer p.docker("rm", "-f", "bad")
			code, logs := p.exit("bad"), p.logs("bad")
			said := "no such database"
			if c.manager == "s6-rc" { // keeps that in the log of the process
				said = "unable to start service bad: command exited 3"
			}
			if code != "1" || !strings.Contains(logs, "process 'bad'") && c.manager != "s6-rc" || !strings.Contains(logs, said) {
				t.Errorf("exit code %s, and the log says\n%s", code, logs)
			}
			p.docker("cp", "bad:/var/log/ended", p.path("ended"))
			if ended := read(t, p.path("ended")); ended != "base ended\n" {
				t.Errorf("ended: %q\n%s", ended, logs)
			}
		})
	}
}

// readOnly runs the image of a process that fails in containers that have nothing to
// write to, and enough.
func (p *dockerPlace) readOnly(image string) {
	p.t.Helper()
	for want, options := range map[string][]string{
		"needs --tmpfs /run --tmpfs /var/log --tmpfs /run/tmp as well": nil,
		"no such database": {"--tmpfs", "/run", "--tmpfs", "/var/log"},
	} {
		r := p.docker(slices.Concat([]string{"run", "--rm", "--network", "none", "--read-only"}, options, []string{image})...)
		if r.code != 1 || !strings.Contains(r.stderr, want) {
			p.t.Errorf("%q: exit code %d, want 1 with %q\n%s", options, r.code, want, r.stderr)
		}
	}
}

// Who has nixproc alone is told what else such an image needs.
func TestImageWithoutFirstProcess(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	model := d.model("model.nix", `{ a = sleeper "a" { }; }`)
	d.binary = d.write("alone/nixproc", read(t, d.binary))
	if err := os.Chmod(d.binary, 0o755); err != nil {
		t.Fatal(err)
	}
	r := d.nixproc("image", "-P", "sysvinit", "--no-interactive", "-o", d.path("image.tar"), model)
	if r.code != 65 || !strings.Contains(r.stderr, "nixproc-init, the first process of such an image, is not installed beside nixproc") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}
