package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// allImages is the environment variable that asks for the tests of all images,
// each of which docker takes many seconds to load.
const allImages = "NIXPROC_TEST_ALL_IMAGES"

// imageExpression builds an image by an expression in which pkgs are self-contained,
// with the binary under test as what the tools are links to.
func (d *deployment) imageExpression(expression string) string {
	d.t.Helper()
	d.hostNeeds("nginx", "patchelf", "sqlite", "supervisor", "git", "nix", "busybox")
	if err := firstProcess(); err != nil {
		d.t.Fatal(err)
	}
	checkout := checkoutPath(d.t)
	d.write("pkgs/default.nix", fmt.Sprintf(`args: let pkgs = import (/. + %s) args; in
pkgs // { buildGoModule = package: pkgs.runCommand package.pname { } "mkdir -p $out/bin; cp ${builtins.path { path = /. + %s; name = "programs"; }}/* $out/bin/"; }`,
		nixString(filepath.Join(checkout, "nixproc/hostpkgs/self-contained")), nixString(filepath.Dir(d.binary))))
	d.env = append(d.env, "NIX_PATH=nixpkgs="+d.path("pkgs")+":nix-processmgmt="+checkout)
	r := d.program("nix-build", "--no-out-link", "-E", expression)
	if r.code != 0 {
		d.t.Fatalf("nix-build: %s", r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

// said waits for what a web server in the network of a container says.
func (p *dockerPlace) said(name string, port int, want string) {
	p.t.Helper()
	var got outcome
	for end := time.Now().Add(patience); got.stdout != want; time.Sleep(100 * time.Millisecond) {
		pid := p.inspect("container", name, "{{.State.Pid}}")
		got = p.program("nsenter", "-t", pid, "-n", "curl", "-sS", "-m", "2", fmt.Sprintf("http://127.0.0.1:%d/", port))
		if time.Now().After(end) {
			p.t.Fatalf("%s does not serve at %d: %s%s\n%s", name, port, got.stdout, got.stderr, p.logs(name))
		}
	}
}

// in runs a command in a container, which has to succeed.
func (p *dockerPlace) in(name string, words ...string) string {
	p.t.Helper()
	r := p.docker(append([]string{"exec", name}, words...)...)
	if r.code != 0 {
		p.t.Fatalf("%q in %s: exit code %d\n%s%s\n%s", words, name, r.code, r.stdout, r.stderr, p.logs(name))
	}
	return r.stdout
}

// A container deploys its model when it starts for the first time, and another when
// it is told to, without a network and without an end of the container; it starts
// again with the last one.
func TestMutableImages(t *testing.T) {
	t.Parallel()
	p := newDocker(t)
	needsRoot(t, "nsenter", "curl")
	for _, c := range containedCases {
		t.Run(c.String(), func(t *testing.T) {
			if c.String() != "supervisord" && os.Getenv(allImages) == "" {
				t.Skipf("only with %s=1, since docker takes its time to load an image", allImages)
			}
			if c.manager == "disnix" || c.manager == "s6-rc" {
				t.Skipf("no package of %s runs without the host", c.manager)
			}
			p := p.of(t)
			archive := p.imageExpression(fmt.Sprintf(`import (/. + %s) { processManager = "%s"; forceDisableUserChange = %v; }`,
				nixString(example(t, "mutable-multi-process-image/default.nix")), c.manager, !c.privileged))
			if r := p.docker("load", "-i", archive); r.code != 0 {
				t.Fatalf("docker load: %s", r.stderr)
			}
			p.mutable(c.String(), c.manager)
			p.triesAgain(c.String()+"-broken", c.manager)
		})
	}
}

const mutableImage = "mutable-processes:latest"

func (p *dockerPlace) mutable(name, manager string) {
	p.t.Helper()
	t := p.t
	if r := p.docker("run", "-d", "--network", "none", "--name", name, mutableImage); r.code != 0 {
		t.Fatal(r.stderr)
	}
	p.said(name, 8080, "web\n")
	const started = "{{.State.StartedAt}}"
	since := p.inspect("container", name, started)
	const ofWeb = "ps -eo pid,args | grep 'nginx: master process .* /var/web' | grep -v grep"
	web := p.in(name, "sh", "-c", ofWeb)

	p.in(name, "sed", "-i", `s/web = server "web";/& other = server "other";/`, "/etc/nixproc/processes.nix")
	p.in(name, "sed", "-i", `s/"web" = 8080;/& "other" = 8081;/`, "/etc/nixproc/ids.nix")
	p.in(name, "nixproc-"+manager+"-switch", "--wait") // for the bootstrap
	p.said(name, 8081, "other\n")
	if now := p.in(name, "sh", "-c", ofWeb); now != web {
		t.Errorf("web was %s before the switch, and is %s", web, now)
	}
	if now := p.inspect("container", name, started); now != since {
		t.Errorf("the container has started anew, at %s", now)
	}

	worksWithNix(t, func(words ...string) string { return p.in(name, words...) })

	if r := p.docker("stop", name); r.code != 0 {
		t.Fatal(r.stderr)
	}
	if code := p.inspect("container", name, "{{.State.ExitCode}}"); code != "0" {
		t.Errorf("the container ended with %s:\n%s", code, p.logs(name))
	}
	if r := p.docker("start", name); r.code != 0 {
		t.Fatal(r.stderr)
	}
	p.said(name, 8080, "web\n")
	p.said(name, 8081, "other\n")
	p.docker("rm", "-f", name)
}

// triesAgain deploys at the second start, after a model that can't be deployed.
func (p *dockerPlace) triesAgain(name, manager string) {
	p.t.Helper()
	t := p.t
	if r := p.docker("create", "--network", "none", "--name", name, mutableImage); r.code != 0 {
		t.Fatal(r.stderr)
	}
	right := p.path("right.nix")
	wrong := p.write("wrong.nix", "{ processManager, ... }: {\n  web.pkg = no.such.thing;\n}\n")
	for _, step := range [][]string{
		{"cp", name + ":/etc/nixproc/processes.nix", right},
		{"cp", wrong, name + ":/etc/nixproc/processes.nix"},
		{"start", name},
	} {
		if r := p.docker(step...); r.code != 0 {
			t.Fatal(r.stderr)
		}
	}
	const message = "bootstrap: /etc/nixproc/processes.nix is not deployed"
	for end := time.Now().Add(patience); !strings.Contains(p.logs(name), message) && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
	}
	if log := p.logs(name); !strings.Contains(log, "undefined variable 'no'") || !strings.Contains(log, message) {
		t.Errorf("the container does not tell why nothing is deployed:\n%s", log)
	}
	for _, step := range [][]string{{"cp", right, name + ":/etc/nixproc/processes.nix"}, {"restart", name}} {
		if r := p.docker(step...); r.code != 0 {
			t.Fatal(r.stderr)
		}
	}
	p.said(name, 8080, "web\n")
	p.docker("rm", "-f", name)
}
