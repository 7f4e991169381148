//go:build !linux

package testmachine

import (
	"errors"
	"syscall"
)

// Inside is for Linux.
func Inside() {}

func possible(Spec) error { return errors.New("this needs the namespaces of Linux") }

func keeperAttributes() *syscall.SysProcAttr { return nil }

func watcherAttributes() *syscall.SysProcAttr { return nil }
