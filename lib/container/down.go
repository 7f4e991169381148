package container

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/plan"
)

// down stops what is deployed by now, the last first, and goes on where one
// fails to stop. When ctx ends, all that are left are ended at once.
func (c Container) down(ctx context.Context, now deployed) int {
	if current, err := c.current(); err == nil {
		now = current
	} else {
		c.Tell(fmt.Sprintf("warning: %v; what was deployed before is stopped", err))
	}
	states, err := now.manager.Status(ctx, now.units)
	if err != nil {
		c.Tell(fmt.Sprintf("warning: %v", err)) // what is not known is stopped
	}
	for _, level := range plan.Make(now.units, nil, states, plan.Options{}).Stops {
		if ctx.Err() != nil {
			break
		}
		c.stop(ctx, now.manager, level)
	}
	if !c.endLeft(now) {
		return Killed
	}
	return Done
}

// stop stops the units of a level side by side. It does not wait for those that
// go on when ctx has ended.
func (c Container) stop(ctx context.Context, m manager.Manager, level []manager.Unit) {
	var stopping sync.WaitGroup
	slots := make(chan struct{}, max(1, c.Jobs))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, unit := range level {
			slots <- struct{}{}
			stopping.Go(func() {
				defer func() { <-slots }()
				if ctx.Err() != nil {
					return
				}
				if err := m.Stop(ctx, unit); err != nil {
					if ctx.Err() == nil {
						c.Tell(fmt.Sprintf("process '%s' failed to stop: %v", unit.Name, err))
					}
					return
				}
				c.Tell(fmt.Sprintf("process '%s': stopped", unit.Name))
			})
		}
		stopping.Wait()
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// hurry is how long processes have that were not stopped in their turn.
const hurry = time.Second

// endLeft ends what runs still, all at once, and says whether that has ended it.
func (c Container) endLeft(now deployed) bool {
	signaled := map[int]bool{}
	for deadline := time.Now().Add(hurry); ; time.Sleep(10 * time.Millisecond) {
		states, err := now.manager.Status(context.Background(), now.units)
		if err != nil {
			c.Tell(err.Error())
			return false
		}
		late := time.Now().After(deadline)
		left := false
		for name, state := range states {
			if state.Condition != manager.Running {
				continue
			}
			left = true
			if !signaled[state.PID] {
				signaled[state.PID] = true
				_ = syscall.Kill(state.PID, syscall.SIGTERM)
			}
			if late {
				c.Tell(fmt.Sprintf("process '%s' did not end in time, and is killed", name))
			}
		}
		if !left || late {
			return !left
		}
	}
}
