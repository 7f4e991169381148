package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// patience bounds each wait for a manager.
const patience = time.Minute

// wait asks again and again.
func wait(ctx context.Context, what string, holds func() bool) error {
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) || ctx.Err() != nil {
			return fmt.Errorf("after %s still not so: %s", patience, what)
		}
	}
	return nil
}

// sysvinitHands run the scripts under xargs.
type sysvinitHands struct {
	jobs int
	all  scripts
}

func startSysvinit(context.Context, *place) (hands, error) { return &sysvinitHands{jobs: 8}, nil }

func (h *sysvinitHands) deploy(ctx context.Context, profile string) (err error) {
	if h.all, err = scriptsOf(profile); err == nil {
		_, err = h.all.each(ctx, "start", h.jobs)
	}
	return err
}

func (*sysvinitHands) look(context.Context) error { return nil }

func (h *sysvinitHands) change(ctx context.Context, profile, name string) error {
	if _, err := h.all.named(name).each(ctx, "stop", 1); err != nil {
		return err
	}
	other, err := scriptsOf(profile)
	if err == nil {
		_, err = other.named(name).each(ctx, "start", 1)
	}
	return err
}

func (h *sysvinitHands) undeploy(ctx context.Context) error {
	_, err := h.all.each(ctx, "stop", h.jobs)
	return err
}

func (*sysvinitHands) options() (options, env []string) { return []string{"--runlevel", "3"}, nil }
func (*sysvinitHands) end() error                       { return nil }

// files are those of a manager that reads them from a directory.
type files struct {
	dir  string
	from string // their directory in a profile
}

func (f files) copy(profile string, only string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(profile, f.from))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if only != "" && entry.Name() != only {
			continue
		}
		data, err := os.ReadFile(filepath.Join(profile, f.from, entry.Name()))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(f.dir, entry.Name()), data, 0o644); err != nil {
			return nil, err
		}
		names = append(names, entry.Name())
	}
	if len(names) == 0 {
		return nil, errors.New(profile + " has no files in " + f.from)
	}
	return names, nil
}

func (f files) remove() error {
	entries, err := os.ReadDir(f.dir)
	for _, entry := range entries {
		err = errors.Join(err, os.Remove(filepath.Join(f.dir, entry.Name())))
	}
	return err
}

// supervisordHands call supervisorctl reread and update, and wait until all
// programs run.
type supervisordHands struct {
	p      *place
	files  files
	daemon *exec.Cmd
}

func startSupervisord(ctx context.Context, p *place) (hands, error) {
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

// systemdHands call systemctl --user once to start, and once to stop.
type systemdHands struct {
	p       *place
	files   files
	names   []string
	runtime string
	script  *exec.Cmd
	input   io.Closer
}

func startSystemd(ctx context.Context, p *place) (hands, error) {
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
	return h.ctl(ctx, "restart", strings.Join(names, " "))
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
