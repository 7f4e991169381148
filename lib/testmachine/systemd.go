package testmachine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// bootTime bounds the boot of systemd.
const bootTime = 30 * time.Second

// booted waits until systemd has started all that it starts at a boot.
func (m *Machine) booted(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	out, err := m.Command(ctx, "root", "sh", "-c", "until systemctl is-system-running --wait; do sleep 0.02; done").CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("systemd does not come up: %s", out)
	}
	return errors.Join(err, ctx.Err())
}
