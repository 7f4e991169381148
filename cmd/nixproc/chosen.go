package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"nixproc/lib/deploy"
	"nixproc/lib/manifest"
	"nixproc/lib/profile"
)

// The commands without a manager in their names are those with one: -P says
// whose.

// forManager is a command that is made for a process manager.
type forManager func(managerName string) func(*session, *options, []string) error

// chosen gives the command of the manager that -P names, or the environment.
func chosen(command forManager) func(*session, *options, []string) error {
	return func(s *session, o *options, operands []string) error {
		if o.processManager == "" && len(asked(o)) > 0 {
			return present(command)(s, o, operands)
		}
		name := o.chosenManager()
		if name == "" {
			name = builtFor(operands)
		}
		return s.run(command, name, o, operands)
	}
}

// builtFor is the process manager of a profile that was built before; "" for
// anything else.
func builtFor(operands []string) string {
	model, prebuilt, err := modelOf(operands)
	if err != nil || !prebuilt {
		return ""
	}
	owner, err := manifest.ManagerOf(model.ExprFile)
	if err != nil {
		return ""
	}
	return owner
}

// present gives the command of the manager that -P names, or else of the one
// whose processes are deployed.
func present(command forManager) func(*session, *options, []string) error {
	return func(s *session, o *options, operands []string) error {
		name := o.processManager
		if name == "" {
			var err error
			if name, err = s.presentManager(o); err != nil {
				return err
			}
		}
		return s.run(command, name, o, operands)
	}
}

func (s *session) run(command forManager, name string, o *options, operands []string) error {
	if err := knownManager(name, managers); err != nil {
		return err
	}
	if err := o.onlyOf(name); err != nil {
		return err
	}
	return command(name)(s, o, operands)
}

// chosenManager is "" if neither -P nor the environment names one.
func (o *options) chosenManager() string {
	return cmp.Or(o.processManager, os.Getenv("NIXPROC_PROCESS_MANAGER"))
}

// knownManager refuses a process manager that is none of those.
func knownManager(name string, those []string) error {
	if name == "" {
		return usageError{"no process manager was given: use -P with one of " + strings.Join(those, ", ")}
	}
	if !slices.Contains(those, name) {
		return unknownManager(name, those)
	}
	return nil
}

func unknownManager(name string, those []string) error {
	return usageError{"there is no process manager '" + name + "' here: use " + strings.Join(those, ", ")}
}

// onlyOf refuses options that another process manager has.
func (o *options) onlyOf(name string) error {
	for _, own := range []struct {
		given      bool
		option, of string
	}{
		{o.runlevel != "", "--runlevel", "sysvinit"},
		{o.userUnits, "--user", "systemd"},
		{o.enableAtBoot, "--enable-at-boot", "bsdrc"},
	} {
		if own.given && own.of != name {
			return usageError{fmt.Sprintf("%s is an option of %s, not of %s", own.option, own.of, name)}
		}
	}
	return nil
}

// presentManager is the process manager of what is deployed: the current
// generation tells it. The environment is asked where there is none, or where
// Disnix has one in its own place, too. A first switch that is at work is waited
// for, or told.
func (s *session) presentManager(o *options) (string, error) {
	var found []string
	var looked []profile.Profile
	for _, name := range []string{"", "disnix"} {
		where, err := placeOf(name, o)
		if err != nil {
			return "", err
		}
		looked = append(looked, where)
		owner, err := ownerOf(where)
		if err != nil {
			return "", err
		}
		if owner != "" {
			found = append(found, owner)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case o.chosenManager() != "":
		return o.chosenManager(), nil
	case len(found) == 0:
		for _, where := range looked {
			switch err := deploy.Free(s.soft, where.LockFile(), false); {
			case err == nil:
			case !o.wait:
				return "", err
			default:
				if err := s.waitFor(where); err != nil {
					return "", err
				}
				return s.presentManager(o)
			}
		}
		return "", fmt.Errorf("nothing is deployed in the profile %s, nor in that of Disnix: name the process manager with -P", looked[0].Path())
	}
	return "", usageError{"-P has to say which process manager is meant: both " + strings.Join(found, " and ") + " have a current generation"}
}

// waitFor waits until no command works on a profile.
func (s *session) waitFor(where profile.Profile) error {
	lock, err := deploy.Acquire(s.soft, where.LockFile(), true)
	if err != nil {
		return err
	}
	return lock.Withdraw()
}

// ownerOf is the process manager of a profile's current generation; where that
// has no processes and does not tell (the older tools undeployed it), that of the
// newest one which does.
func ownerOf(where profile.Profile) (string, error) {
	current, exists, err := where.Current()
	if err != nil || !exists {
		return "", err
	}
	owner, err := manifest.ManagerOf(current.Path)
	if err != nil || owner != "" {
		return owner, err
	}
	all, err := where.Generations()
	if err != nil {
		return "", err
	}
	for _, generation := range slices.Backward(all) {
		if owner, err = manifest.ManagerOf(generation.Path); err != nil || owner != "" {
			return owner, err
		}
	}
	return "", nil
}
