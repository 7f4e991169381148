//go:build !linux

package run

import (
	"errors"
	"os"
)

func inMemory() (*os.File, error) { return nil, errors.ErrUnsupported }
