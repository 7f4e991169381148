//go:build !linux && !freebsd

package tests

import "syscall"

// endWithUs does nothing here: there is no signal for that, only the cleanup.
func endWithUs(*syscall.SysProcAttr) {}
