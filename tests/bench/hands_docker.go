package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// dockerHands call docker load, create, start, stop, rm and rmi, for several
// containers side by side, with nothing in between but xargs.
type dockerHands struct {
	p      *place
	jobs   int
	dir    string
	cgroup string
	daemon *exec.Cmd
	names  []string
}

// raise runs where $1 is a profile and $2 a process; a shell, since the arguments
// of a container stand in a file, one a line.
const raise = `set -e
. "$1/$2-docker-settings"
mapfile -t parameters <"$1/$2-docker-createparams"
docker load -q -i "$dockerImage"
docker create "${parameters[@]}" --name "nixproc-$2" "$dockerImageTag"
docker start "nixproc-$2"
`

const lower = `set -e
docker stop -t 10 "nixproc-$2"
docker rm "nixproc-$2"
docker rmi "$2:latest"
`

// startDocker runs a dockerd that touches neither the host's network nor its /run.
func startDocker(ctx context.Context, p *place, jobs int) (hands, error) {
	h := &dockerHands{p: p, jobs: jobs, dir: p.path("docker"), cgroup: filepath.Base(p.dir)}
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(h.dir, "daemon.json"), []byte("{}\n"), 0o644); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(h.dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	h.daemon = exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-ec", `mount -t tmpfs tmpfs /run; exec "$@"`, "sh",
		"dockerd", "--data-root", h.dir+"/data", "--exec-root", h.dir+"/exec", "--pidfile", h.dir+"/pid", "--config-file", h.dir+"/daemon.json",
		"-H", h.socket(), "--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver", "overlay2", "--cgroup-parent="+h.cgroup)
	h.daemon.Stdout, h.daemon.Stderr = log, log
	h.daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := h.daemon.Start(); err != nil {
		return nil, err
	}
	if err := wait(ctx, "dockerd answers", func() bool { return h.run(ctx, "docker", "info") == nil }); err != nil {
		return nil, errors.Join(err, h.end())
	}
	return h, nil
}

func (h *dockerHands) socket() string { return "unix://" + h.dir + "/s" }

func (h *dockerHands) options() (options, env []string) {
	return nil, []string{"DOCKER_HOST=" + h.socket(), "DOCKER_CONFIG=" + h.dir, "NIXPROC_DOCKER=docker"}
}

func (h *dockerHands) run(ctx context.Context, words ...string) error {
	c := h.p.command(words...)
	_, env := h.options()
	c.env = append(slices.Clone(c.env), env...)
	_, err := c.run(ctx)
	return err
}

// each runs a script for every name, several side by side.
func (h *dockerHands) each(ctx context.Context, script, profile string, names ...string) error {
	const all = `script=$1 profile=$2 jobs=$3; shift 3; printf '%s\n' "$@" | xargs -P "$jobs" -I NAME bash -c "$script" bash "$profile" NAME`
	return h.run(ctx, append([]string{"bash", "-o", "pipefail", "-c", all, "bash", script, profile, strconv.Itoa(h.jobs)}, names...)...)
}

func (h *dockerHands) deploy(ctx context.Context, profile string) error {
	settings, err := filepath.Glob(filepath.Join(profile, "*-docker-settings"))
	if err != nil || len(settings) == 0 {
		return fmt.Errorf("%s has no containers: %w", profile, err)
	}
	h.names = nil
	for _, file := range settings {
		h.names = append(h.names, strings.TrimSuffix(filepath.Base(file), "-docker-settings"))
	}
	return h.each(ctx, raise, profile, h.names...)
}

func (h *dockerHands) look(ctx context.Context) error { return h.run(ctx, "docker", "ps", "-a") }

func (h *dockerHands) change(ctx context.Context, profile, name string) error {
	return errors.Join(h.each(ctx, lower, profile, name), h.each(ctx, raise, profile, name))
}

func (h *dockerHands) undeploy(ctx context.Context) error {
	return h.each(ctx, lower, "", h.names...)
}

// end leaves no container, no mount and no cgroup.
func (h *dockerHands) end() error {
	err := h.run(context.Background(), "sh", "-c", "docker ps -aq | xargs -r docker rm -f")
	err = errors.Join(err, h.daemon.Process.Signal(syscall.SIGTERM))
	_ = h.daemon.Wait() // it may well say that a signal ended it
	for _, pattern := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
		groups, _ := filepath.Glob(pattern + h.cgroup)
		for _, group := range groups {
			err = errors.Join(err, os.Remove(group))
		}
	}
	return err
}
