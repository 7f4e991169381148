//go:build linux || freebsd

package tests

import "syscall"

// endWithUs has a program end when the tests do, even if they are killed.
func endWithUs(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
