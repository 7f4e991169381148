package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nixproc/lib/image"
	"nixproc/lib/manager"
	"nixproc/lib/run"
	"nixproc/lib/run/runtest"
)

// The texts below were written down from docker 20.10.24 (daemon) with its
// command 28.2.2, and from podman 4.3.1.
const (
	running = `"/nixproc-a" "sha256:0123" {"nixproc.image":"a:latest","nixproc.profile":"/p"} {"Status":"running","Running":true,"Pid":24365,"ExitCode":0,"Error":"","StartedAt":"2026-11-23T18:45:17.32Z","FinishedAt":"0001-01-01T00:00:00Z"}` + "\n"
	exited  = `"nixproc-b" "0123" {"nixproc.image":"b:latest","nixproc.profile":"/p"} {"OciVersion":"1.0.2-dev","Status":"exited","Running":false,"Pid":0,"ExitCode":3,"Error":"","StartedAt":"2026-11-23T18:46:00.1+01:00"}` + "\n"
	other   = `"/nixproc-c" "sha256:45" {"nixproc.profile":"/q"} {"Status":"running","Pid":7,"StartedAt":"2026-11-23T18:45:17Z"}` + "\n"
	older   = `"/nixproc-d" "sha256:67" {} {"Status":"paused","Pid":8}` + "\n"
)

func missing(name string) string {
	return "Error response from daemon: No such container: nixproc-" + name
}

func inspecting(names ...string) []string {
	words := []string{"docker", "container", "inspect", "--format", inspectFormat}
	for _, name := range names {
		words = append(words, "nixproc-"+name)
	}
	return words
}

func newManager(t *testing.T) (Manager, *runtest.Fake) {
	f := runtest.New(t)
	return Manager{Runner: f, Program: "docker", Profile: "/p"}, f
}

// unitOf makes a unit with a real archive; id is what docker calls its image.
func unitOf(t *testing.T, name string, parameters ...string) (unit manager.Unit, id string) {
	t.Helper()
	own := Unit{image: filepath.Join(t.TempDir(), "image.tar"), tag: name + ":latest", parameters: parameters, stopTimeout: 4}
	if err := image.Write(image.Spec{Reference: own.tag, Config: "{}", Shell: "/sh", System: "x86_64-linux"}, own.image); err != nil {
		t.Fatal(err)
	}
	archive, err := image.Read(own.image)
	if err != nil {
		t.Fatal(err)
	}
	return manager.Unit{Name: name, Wanted: true, Own: own}, archive.ID
}

func named(names ...string) []manager.Unit {
	var units []manager.Unit
	for _, name := range names {
		units = append(units, manager.Unit{Name: name})
	}
	return units
}

func TestStatusAsksOnce(t *testing.T) {
	t.Parallel()
	m, f := newManager(t)
	f.Expect(inspecting("a", "b", "c", "d", "e")...).Do(answer(running+exited+other+older, 1, missing("e")))
	states, err := m.Status(t.Context(), named("a", "b", "c", "d", "e"))
	if err != nil {
		t.Fatal(err)
	}
	if a := states["a"]; a.Condition != manager.Running || a.PID != 24365 || a.Since.Unix() != 1795459517 {
		t.Errorf("a: %+v, %d", a, a.Since.Unix())
	}
	for name, want := range map[string]string{
		"b": "stopped: exited, exit code 3", "c": "stopped: its container is one of the profile /q",
		"d": "running: paused", "e": "stopped: there is no container",
	} {
		if got := fmt.Sprint(states[name].Condition, ": ", states[name].Detail); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestStatusWithoutDaemon(t *testing.T) {
	t.Parallel()
	for _, said := range []string{
		"Cannot connect to the Docker daemon at unix:///none. Is the docker daemon running?",
		missing("a") + "\nCannot connect to the Docker daemon", "",
	} {
		m, f := newManager(t)
		f.Expect(inspecting("a")...).Fail(1, said)
		if _, err := m.Status(t.Context(), named("a")); err == nil || !strings.Contains(err.Error(), "start its daemon") {
			t.Errorf("%q: %v", said, err)
		}
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	m, f := newManager(t)
	unit, id := unitOf(t, "a", "--volume", "/no/such/dir:/no/such/dir:z", "--init")
	f.Expect(inspecting("a")...).Fail(1, missing("a"))
	f.Expect("docker", "image", "inspect", "--format", "{{json .ID}} {{json .Config.Labels}}", "a:latest").
		Print(`"sha256:0123" {"nixproc.image":"a:latest"}`)
	f.Expect("docker", "rmi", "a:latest").Fail(1, `Error response from daemon: conflict: unable to remove repository reference "a:latest" (must force) - container 45 is using its referenced image 01`)
	f.Expect("docker", "load", "-i", of(unit).image)
	f.Expect("docker", "create", "--volume", "/no/such/dir:/no/such/dir:z", "--init", "--label", "nixproc.profile=/p", "--name", "nixproc-a", "a:latest")
	f.Expect("docker", "start", "nixproc-a")
	if err := m.Start(t.Context(), unit); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat("/no/such/dir"); err == nil {
		t.Error("a directory of the host was made")
	}

	// As the caller, of an image that is there, after a run that ended.
	m, f = newManager(t)
	m.AsCaller = true
	dir := filepath.Join(t.TempDir(), "new")
	again := of(unit)
	again.parameters = []string{"--volume", dir + ":" + dir + ":z", "--volume=/mine:/etc/group"}
	unit.Own = again
	f.Expect(inspecting("a")...).Print(strings.ReplaceAll(exited, "nixproc-b", "nixproc-a"))
	f.Expect("docker", "rm", "-f", "nixproc-a")
	f.Expect("docker", "image", "inspect", "--format", "{{json .ID}} {{json .Config.Labels}}", "a:latest").
		Print(fmt.Sprintf("%q null", strings.TrimPrefix(id, "sha256:")))
	f.Expect("docker", "create", "--volume", dir+":"+dir+":z", "--volume=/mine:/etc/group", "--label", "nixproc.profile=/p", "--name", "nixproc-a",
		"--user", strconv.Itoa(os.Getuid()), "--volume", "/etc/passwd:/etc/passwd:ro", "a:latest")
	f.Expect("docker", "start", "nixproc-a").Fail(127, "exec: no such file")
	if err := m.Start(t.Context(), unit); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		t.Errorf("the volume was not made: %v", err)
	}
}

// What docker has not under the tag of a unit, it would get from elsewhere.
func TestStartWithAnotherTag(t *testing.T) {
	t.Parallel()
	m, f := newManager(t)
	unit, _ := unitOf(t, "a")
	own := of(unit)
	own.tag = "b:latest"
	unit.Own = own
	f.Expect(inspecting("a")...).Fail(1, missing("a"))
	if err := m.Start(t.Context(), unit); err == nil || !strings.Contains(err.Error(), "has not the name b:latest") {
		t.Error(err)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	m, f := newManager(t)
	unit, _ := unitOf(t, "a")
	f.Expect(inspecting("a")...).Print(running)
	f.Expect("docker", "stop", "-t", "4", "nixproc-a")
	f.Expect("docker", "rm", "-f", "nixproc-a").Fail(1, "Error response from daemon: removal of container nixproc-a is already in progress")
	if err := m.Stop(t.Context(), unit); err != nil {
		t.Error(err)
	}
	unit.Name = "c" // which another profile has
	f.Expect(inspecting("c")...).Print(other)
	if err := m.Stop(t.Context(), unit); err != nil {
		t.Error(err)
	}
	f.Expect(inspecting("c")...).Print(other)
	if err := m.MayInstall(t.Context(), []manager.Unit{unit}); err == nil || !strings.Contains(err.Error(), "belongs to the profile /q") {
		t.Error(err)
	}
	if line := m.Command("stop", unit); line != "docker stop -t 4 nixproc-c && docker rm nixproc-c" {
		t.Error(line)
	}
}

// An image of the older tools has no label: it goes with its container, and with
// no other.
func TestStopOfAnOlderContainer(t *testing.T) {
	t.Parallel()
	for id, removed := range map[string]bool{"sha256:67": true, "sha256:89": false} {
		m, f := newManager(t)
		unit, _ := unitOf(t, "d")
		f.Expect(inspecting("d")...).Print(older)
		f.Expect("docker", "stop", "-t", "4", "nixproc-d")
		f.Expect("docker", "rm", "-f", "nixproc-d")
		f.Expect("docker", "image", "inspect", "--format", "{{json .ID}} {{json .Config.Labels}}", "d:latest").Print(fmt.Sprintf("%q null", id))
		if removed {
			f.Expect("docker", "rmi", "d:latest")
		}
		if err := m.Stop(t.Context(), unit); err != nil {
			t.Error(err)
		}
	}
}

// D12: an image goes when nothing needs it; one that is not ours stays.
func TestImagesThatAreRemoved(t *testing.T) {
	t.Parallel()
	m, f := newManager(t)
	look := func(tags ...string) *runtest.Call {
		return f.Expect(append([]string{"docker", "image", "inspect", "--format", "{{json .ID}} {{json .Config.Labels}}"}, tags...)...)
	}
	a, _ := unitOf(t, "a")
	b, idOfB := unitOf(t, "b")
	c, _ := unitOf(t, "c")
	d, _ := unitOf(t, "d")
	e, _ := unitOf(t, "e")
	user := a
	user.Name = "user"
	// One that is missing makes a call for all of them fail.
	look("b:latest", "c:latest", "d:latest", "e:latest").Fail(1, "Error response from daemon: No such image: d:latest")
	look("b:latest").Print(fmt.Sprintf("%q {}", idOfB))
	f.Expect("docker", "rmi", "b:latest", "e:latest").Fail(1, "conflict: unable to remove repository reference")
	f.Expect("docker", "rmi", "b:latest").Fail(1, "conflict: unable to remove repository reference")
	look("c:latest").Print(`"sha256:99" {"maintainer":"someone"}`)
	look("d:latest").Fail(1, "Error response from daemon: No such image: d:latest")
	look("e:latest").Print(`"sha256:98" {"nixproc.image":"e:latest"}`)
	f.Expect("docker", "rmi", "e:latest").Fail(1, "the disk is on fire")
	err := m.Install(t.Context(), []manager.Unit{a, b, c, d, e}, []manager.Unit{user})
	if err == nil || !strings.Contains(err.Error(), "the disk is on fire") {
		t.Error(err)
	}
}

// Two calls are enough, however many there are.
func TestManyImagesAreRemoved(t *testing.T) {
	t.Parallel()
	m, f := newManager(t)
	a, _ := unitOf(t, "a")
	b, idOfB := unitOf(t, "b")
	c, _ := unitOf(t, "c")
	same := c
	same.Name = "same"
	f.Expect("docker", "image", "inspect", "--format", "{{json .ID}} {{json .Config.Labels}}", "a:latest", "b:latest", "c:latest").
		Print(fmt.Sprintf("\"sha256:97\" {\"nixproc.image\":\"a:latest\"}\n%q null\n\"sha256:99\" {\"maintainer\":\"someone\"}\n", idOfB))
	f.Expect("docker", "rmi", "a:latest", "b:latest")
	if err := m.Install(t.Context(), []manager.Unit{a, b, c, same}, nil); err != nil {
		t.Error(err)
	}
}

func TestLastWords(t *testing.T) {
	t.Parallel()
	m, f := newManager(t)
	f.Expect("docker", "logs", "--tail", "10", "nixproc-a").Do(answer("out\n", 0, "err\n"))
	if got := m.LastWords(t.Context(), manager.Unit{Name: "a"}); got != "; the last lines of docker logs nixproc-a:\n  out\n  err" {
		t.Errorf("%q", got)
	}
}

// What the framework before this left.
func TestScan(t *testing.T) {
	t.Parallel()
	tree := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a-docker-settings", "dockerImage=/store/a.tar.gz\ndockerImageTag=a:latest\n")
	write("a-docker-createparams", "\n")
	write("01-a-docker-priority", "")
	write("b-1-docker-settings", "dockerImage=/store/b.tar.gz\ndockerImageTag=b-1:latest\ndockerStopTimeout=1\n")
	write("b-1-docker-createparams", "--volume\n/a b:/c\n")
	write("112-b-1-docker-priority", "")
	units, err := Manager{}.Units(tree)
	if err != nil || len(units) != 2 {
		t.Fatalf("%+v, %v", units, err)
	}
	a, b := units[0], units[1]
	if a.Name != "a" || a.Rank != 0 || len(of(a).parameters) != 0 || of(a).stopTimeout != usualStopTimeout || of(a).image != "/store/a.tar.gz" || !a.Wanted {
		t.Errorf("%+v", a)
	}
	if b.Name != "b-1" || b.Rank != 111 || !slices.Equal(of(b).parameters, []string{"--volume", "/a b:/c"}) || of(b).stopTimeout != 1 {
		t.Errorf("%+v", b)
	}
	write("01-b-1-docker-priority", "")
	if err := os.Remove(filepath.Join(tree, "112-b-1-docker-priority")); err != nil {
		t.Fatal(err)
	}
	if units, err = (Manager{}).Units(tree); err != nil || units[1].Key != b.Key || units[1].Files != b.Files {
		t.Errorf("the priority counts: %v", err)
	}
	write("a-docker-settings", "dockerImageTag=a:latest\n")
	if _, err := (Manager{}).Units(tree); err == nil || !strings.Contains(err.Error(), "lacks dockerImage") {
		t.Error(err)
	}
}

func TestChoose(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	program := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	check := func(asked, want string) {
		t.Helper()
		if got := Choose(asked); got != want {
			t.Errorf("with %q it is %s, want %s", asked, got, want)
		}
	}
	check("", "docker")
	program("podman")
	check("", "podman")
	program("docker")
	check("", "docker")
	check("/opt/x", "/opt/x")
}

// answer is a program that writes to both of its outputs.
func answer(stdout string, code int, stderr string) func(context.Context, run.Command) (run.Result, error) {
	return func(_ context.Context, c run.Command) (run.Result, error) {
		result := run.Result{Stdout: stdout, Stderr: stderr}
		if code == 0 {
			return result, nil
		}
		return result, &run.Error{Command: c, Code: code, Tail: stderr, Cause: errors.New("exit")}
	}
}
