//go:build !torture

// Package seam is where a build for tests can make this program end, or make
// what it does fail or hang (make torture). In any other build nothing is here,
// and the compiler leaves the calls out.
package seam

import "context"

// Before is called before something is done that others can see.
func Before(string) error { return nil }

// After is called after it.
func After(string) error { return nil }

// Call is Before for what may hang.
func Call(context.Context, string) error { return nil }

// Program is called before a program is run, and says what is to be run.
func Program(args []string) []string { return args }

// Running is called while it runs.
func Running([]string) {}

// Ended is called when it has ended.
func Ended([]string) error { return nil }
