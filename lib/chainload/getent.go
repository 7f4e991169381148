package chainload

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// Getent asks a database of the name service for a key. The error is errNoEntry
// where it has none, and where nobody can be asked.
type Getent func(ctx context.Context, database, key string) (entry string, err error)

var errNoEntry = errors.New("there is no such entry")

// patience is how long the name service may take.
const patience = 30 * time.Second

// getent calls getent(1). It does without lib/run, which changes more often than
// the path of nixproc-chainload-user may.
func getent(ctx context.Context, database, key string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "getent", database, "--", key).Output()
	if failed, is := errors.AsType[*exec.ExitError](err); is && failed.ExitCode() == 2 || errors.Is(err, exec.ErrNotFound) { // 2: see getent(1)
		return "", errNoEntry
	}
	if err != nil {
		return "", fmt.Errorf("getent %s -- %s: %w", database, key, err)
	}
	return string(out), nil
}
