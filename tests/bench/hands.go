package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// hands do by hand what a switch does: the floor of it.
type hands interface {
	// deploy puts the files of a profile in place and starts all of it.
	deploy(ctx context.Context, profile string) error
	// look asks once what runs.
	look(ctx context.Context) error
	// change does it for one process of another profile.
	change(ctx context.Context, profile, name string) error
	// undeploy stops all and removes the files.
	undeploy(ctx context.Context) error
	// options and env are those of a switch that reaches the manager.
	options() (options, env []string)
	end() error
}

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
