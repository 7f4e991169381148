package main

import "path/filepath"

// initState makes the state directories.
func initState(_ *session, o *options, operands []string) error {
	if len(operands) > 0 {
		return usageError{"init-state takes no operands"}
	}
	for _, directory := range o.directories() {
		if *directory.value == "" {
			continue
		}
		absolute, err := filepath.Abs(*directory.value)
		if err != nil {
			return err
		}
		*directory.value = absolute
	}
	return o.dirs.Create(o.disableUserChange)
}
