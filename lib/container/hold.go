package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"nixproc/lib/deploy"
	"nixproc/lib/profile"
)

// hold keeps switches in the container away from the profile until release is
// called. If one is at work, it waits for it, until ctx ends.
func (c Container) hold(ctx context.Context) (release func()) {
	if link, err := os.Lstat(c.Profile); err != nil || link.Mode()&fs.ModeSymlink == 0 {
		return func() {} // nothing is deployed yet, or nothing else can be
	}
	p := profile.Profile{Dir: filepath.Dir(c.Profile), Name: filepath.Base(c.Profile)}
	lock, err := deploy.Acquire(ctx, p.LockFile(), false)
	if busy, is := errors.AsType[*deploy.BusyError](err); is {
		c.Tell(fmt.Sprintf("waiting: %v", busy))
		lock, err = deploy.Acquire(ctx, p.LockFile(), true)
	}
	if err != nil {
		if ctx.Err() == nil {
			c.Tell(fmt.Sprintf("warning: a switch at the same time is not kept away: %v", err))
		}
		return func() {}
	}
	return func() {
		if err := lock.Release(); err != nil {
			c.Tell(fmt.Sprintf("warning: %v", err))
		}
	}
}
