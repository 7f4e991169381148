package main

import "strings"

// The commands for all process managers. Each is one of a manager's own
// commands with an operation that is written as a word.

// planFor gives the command that shows what a switch would do.
func planFor(managerName string) func(*session, *options, []string) error {
	return func(s *session, o *options, operands []string) error {
		o.dryRun = true
		return switchWith(managerName)(s, o, operands)
	}
}

// undeployFor gives the command that stops all processes of a profile.
func undeployFor(managerName string) func(*session, *options, []string) error {
	return func(s *session, o *options, operands []string) error {
		if len(operands) > 0 {
			return usageError{"undeploy takes no operands: name the profile with -p"}
		}
		o.undeploy = true
		return switchWith(managerName)(s, o, nil)
	}
}

// rollbackFor gives the command that goes back to the generation before the
// current one.
func rollbackFor(managerName string) func(*session, *options, []string) error {
	return func(s *session, o *options, operands []string) error {
		if len(operands) > 0 {
			return usageError{"rollback takes no operands: nixproc generations switch goes to any generation"}
		}
		o.rollback = true
		return switchWith(managerName)(s, o, nil)
	}
}

// generationsFor gives the command that lists generations, switches to one, and
// deletes some.
func generationsFor(managerName string) func(*session, *options, []string) error {
	return func(s *session, o *options, operands []string) error {
		verb, numbers := "list", operands
		if len(operands) > 0 {
			verb, numbers = operands[0], operands[1:]
		}
		switch {
		case verb == "list" && len(numbers) == 0:
			o.listGenerations = true
		case verb == "switch" && len(numbers) == 1 && oneNumber.MatchString(numbers[0]):
			o.switchGeneration = numbers[0]
		case verb == "delete" && len(numbers) == 1 && numbers[0] == "all":
			o.deleteAllGenerations = true
		case verb == "delete" && someNumbers.MatchString(strings.Join(numbers, " ")):
			o.deleteGenerations = strings.Join(numbers, " ")
		default:
			return usageError{"generations: say list, switch NUMBER, or delete with numbers, old, Nd, +N or all"}
		}
		return switchWith(managerName)(s, o, nil)
	}
}
