package main

// initState makes the state directories.
func initState(_ *session, o *options, operands []string) error {
	if len(operands) > 0 {
		return usageError{"init-state takes no operands"}
	}
	return o.dirs.Create(o.disableUserChange)
}
