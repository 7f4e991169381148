package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// supervisordHands call supervisorctl reread and update, and wait until all
// programs run.
type supervisordHands struct {
	p      *place
	files  files
	daemon *exec.Cmd
}

func startSupervisord(ctx context.Context, p *place, _ int) (hands, error) {
	dir := p.path("supervisord")
	h := &supervisordHands{p: p, files: files{filepath.Join(dir, "conf.d"), "conf.d"}}
	if err := os.MkdirAll(h.files.dir, 0o755); err != nil {
		return nil, err
	}
	text := fmt.Sprintf(`[supervisord]
nodaemon = true
logfile = %[1]s/log
pidfile = %[1]s/pid
childlogdir = %[1]s
[unix_http_server]
file = %[1]s/s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://%[1]s/s
[include]
files = conf.d/*
`, dir)
	if err := os.WriteFile(h.conf(), []byte(text), 0o644); err != nil {
		return nil, err
	}
	h.daemon = exec.Command("supervisord", "-c", h.conf())
	if err := h.daemon.Start(); err != nil {
		return nil, err
	}
	if err := wait(ctx, "supervisord answers", func() bool { return h.ctl(ctx, "pid") == nil }); err != nil {
		return nil, errors.Join(err, h.end())
	}
	return h, nil
}

func (h *supervisordHands) conf() string { return h.p.path("supervisord", "supervisord.conf") }

func (h *supervisordHands) ctl(ctx context.Context, words ...string) error {
	_, err := h.p.command(append([]string{"supervisorctl", "-c", h.conf()}, words...)...).run(ctx)
	return err
}

func (h *supervisordHands) update(ctx context.Context) error {
	if err := h.ctl(ctx, "reread"); err != nil {
		return err
	}
	if err := h.ctl(ctx, "update"); err != nil {
		return err
	}
	return wait(ctx, "all programs run", func() bool { return h.ctl(ctx, "status") == nil }) // 3: one does not
}

func (h *supervisordHands) deploy(ctx context.Context, profile string) error {
	if _, err := h.files.copy(profile, ""); err != nil {
		return err
	}
	return h.update(ctx)
}

func (h *supervisordHands) look(ctx context.Context) error { return h.ctl(ctx, "status") }

func (h *supervisordHands) change(ctx context.Context, profile, name string) error {
	if _, err := h.files.copy(profile, name+".conf"); err != nil {
		return err
	}
	return h.update(ctx)
}

func (h *supervisordHands) undeploy(ctx context.Context) error {
	if err := h.files.remove(); err != nil {
		return err
	}
	return h.update(ctx)
}

func (h *supervisordHands) options() (options, env []string) {
	return nil, []string{"SUPERVISORD_CONF_DIR=" + filepath.Dir(h.conf())}
}

func (h *supervisordHands) end() error {
	err := h.daemon.Process.Signal(syscall.SIGTERM)
	return errors.Join(err, h.daemon.Wait())
}
