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

// s6rcHands call s6-rc-compile, s6-rc-update and s6-rc change.
type s6rcHands struct {
	p         *place
	databases int
	daemon    *exec.Cmd
}

func startS6rc(ctx context.Context, p *place, _ int) (hands, error) {
	h := &s6rcHands{p: p}
	for _, dir := range []string{h.scan(), h.dir()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(filepath.Join(h.dir(), "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	h.daemon = exec.Command("s6-svscan", h.scan())
	h.daemon.Stdout, h.daemon.Stderr = log, log
	if err := h.daemon.Start(); err != nil {
		return nil, err
	}
	if err := wait(ctx, "s6-svscan answers", func() bool { return h.run(ctx, "s6-svscanctl", "-a", h.scan()) == nil }); err != nil {
		return nil, errors.Join(err, h.end())
	}
	return h, nil
}

func (h *s6rcHands) dir() string  { return h.p.path("s6-rc") }
func (h *s6rcHands) scan() string { return h.p.path("state", "run", "service") }
func (h *s6rcHands) live() string { return h.p.path("state", "run", "s6-rc") }

func (h *s6rcHands) run(ctx context.Context, words ...string) error {
	_, err := h.p.command(words...).run(ctx)
	return err
}

// update makes the services of a directory those of s6-rc.
func (h *s6rcHands) update(ctx context.Context, sources string) error {
	h.databases++
	database := filepath.Join(h.dir(), fmt.Sprintf("compiled%d", h.databases))
	if err := h.run(ctx, "s6-rc-compile", database, sources); err != nil {
		return err
	}
	if _, err := os.Lstat(h.live()); err != nil {
		return h.run(ctx, "s6-rc-init", "-c", database, "-l", h.live(), h.scan())
	}
	return h.run(ctx, "s6-rc-update", "-l", h.live(), database)
}

func (h *s6rcHands) change(ctx context.Context, profile, name string) error {
	if err := h.run(ctx, "s6-rc", "-l", h.live(), "-d", "change", name); err != nil {
		return err
	}
	return h.deploy(ctx, profile)
}

func (h *s6rcHands) deploy(ctx context.Context, profile string) error {
	if err := h.update(ctx, filepath.Join(profile, "etc/s6/sv")); err != nil {
		return err
	}
	return h.run(ctx, "s6-rc", "-l", h.live(), "-u", "change", "default")
}

func (h *s6rcHands) look(ctx context.Context) error {
	return h.run(ctx, "s6-rc", "-l", h.live(), "-a", "list")
}

func (h *s6rcHands) undeploy(ctx context.Context) error {
	if err := h.run(ctx, "s6-rc", "-l", h.live(), "-d", "change", "default"); err != nil {
		return err
	}
	none := filepath.Join(h.dir(), "none")
	if err := os.MkdirAll(none, 0o755); err != nil {
		return err
	}
	return h.update(ctx, none)
}

func (h *s6rcHands) options() (options, env []string) { return nil, nil }

// end ends all supervisors and their processes.
func (h *s6rcHands) end() error {
	err := h.daemon.Process.Signal(syscall.SIGTERM)
	return errors.Join(err, h.daemon.Wait())
}
