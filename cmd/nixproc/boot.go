package main

import (
	"fmt"
	"path/filepath"
	"regexp"

	"nixproc/lib/manager"
	"nixproc/lib/manager/sysvinit"
	"nixproc/lib/run"
)

var oneRunlevel = regexp.MustCompile("^[1-5S]$")

// boot has System V init start a profile's processes when the machine boots, or
// no longer.
func boot(s *session, o *options, operands []string) error {
	if len(operands) != 1 || operands[0] != "enable" && operands[0] != "disable" {
		return usageError{"say enable or disable"}
	}
	if o.runlevel != "" && !oneRunlevel.MatchString(o.runlevel) {
		return usageError{fmt.Sprintf("--runlevel: %q is no runlevel that a machine boots into", o.runlevel)}
	}
	target, err := s.target("sysvinit", o)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(target.Profile.Path())
	if err != nil {
		return err
	}
	b := sysvinit.Boot{Runner: run.Host{}, Etc: "/etc", Profile: path, Runlevel: o.runlevel}
	if operands[0] == "disable" {
		return b.Disable(s.soft)
	}
	if err := b.Enable(s.soft); err != nil {
		return err
	}
	previous, err := target.FindPrevious()
	if err != nil || previous.Path == "" {
		return err
	}
	units, err := target.Manager.Units(previous.Path)
	if err != nil {
		return err
	}
	noteNotAtBoot(units)
	return nil
}

// noteNotAtBoot names what would not start if the machine booted into the
// runlevel that it is in.
func noteNotAtBoot(units []manager.Unit) {
	for _, unit := range units {
		if !unit.Wanted {
			note("warning: process '%s' will not start at boot: %s", unit.Name, unit.WhyNot)
		}
	}
}
