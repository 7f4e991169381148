package main

import "nixproc/lib/chainload"

// chainloadUser becomes a user, and then another program.
func chainloadUser(s *session, _ *options, operands []string) error {
	if len(operands) < 2 {
		return usageError{"chainload-user needs a USER and a COMMAND"}
	}
	return chainload.Exec(s.soft, operands[0], operands[1:])
}
