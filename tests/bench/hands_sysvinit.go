package main

import (
	"context"
)

// sysvinitHands run the scripts under xargs.
type sysvinitHands struct {
	jobs int
	all  scripts
}

func startSysvinit(_ context.Context, _ *place, jobs int) (hands, error) {
	return &sysvinitHands{jobs: jobs}, nil
}

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
