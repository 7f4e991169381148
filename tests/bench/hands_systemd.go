package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// systemdHands call systemctl --user once to start, and once to stop.
type systemdHands struct {
	p       *place
	files   files
	names   []string
	runtime string
	script  *exec.Cmd
	input   io.Closer
}

func startSystemd(ctx context.Context, p *place, _ int) (hands, error) {
	h := &systemdHands{p: p, files: files{p.path("systemd", "systemd", "user"), "etc/systemd/system"}, runtime: p.path("run")}
	for _, dir := range []string{h.files.dir, h.runtime} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	h.script = exec.Command(filepath.Join(p.tree, "tests/user-systemd.sh"), h.runtime, p.path("systemd"))
	var err error
	if h.input, err = h.script.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := h.script.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.script.Start(); err != nil {
		return nil, err
	}
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		return nil, errors.Join(err, h.end())
	}
	if err := wait(ctx, "systemd is up", func() bool { return h.ctl(ctx, "is-active", "default.target") == nil }); err != nil {
		return nil, errors.Join(err, h.end())
	}
	return h, nil
}

func (h *systemdHands) ctl(ctx context.Context, words ...string) error {
	c := h.p.command(append([]string{"systemctl", "--user"}, words...)...)
	_, env := h.options()
	c.env = append(slices.Clone(c.env), env...)
	_, err := c.run(ctx)
	return err
}

func (h *systemdHands) deploy(ctx context.Context, profile string) (err error) {
	if h.names, err = h.files.copy(profile, ""); err != nil {
		return err
	}
	if err := h.ctl(ctx, "daemon-reload"); err != nil {
		return err
	}
	return h.ctl(ctx, append([]string{"start"}, h.names...)...)
}

func (h *systemdHands) look(ctx context.Context) error {
	return h.ctl(ctx, append([]string{"is-active", "--quiet"}, h.names...)...)
}

func (h *systemdHands) change(ctx context.Context, profile, name string) error {
	names, err := h.files.copy(profile, "nix-process-"+name+".service")
	if err != nil {
		return err
	}
	if err := h.ctl(ctx, "daemon-reload"); err != nil {
		return err
	}
	return h.ctl(ctx, append([]string{"restart"}, names...)...)
}

func (h *systemdHands) undeploy(ctx context.Context) error {
	if err := h.ctl(ctx, append([]string{"stop"}, h.names...)...); err != nil {
		return err
	}
	if err := h.files.remove(); err != nil {
		return err
	}
	return h.ctl(ctx, "daemon-reload")
}

func (h *systemdHands) options() (options, env []string) {
	return []string{"--user"}, []string{"XDG_RUNTIME_DIR=" + h.runtime, "XDG_CONFIG_HOME=" + h.p.path("systemd")}
}

func (h *systemdHands) end() error {
	return errors.Join(h.input.Close(), h.script.Wait())
}
