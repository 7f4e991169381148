package network

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// longestMachine is how many characters the name of a machine may have: the store
// takes 211 in a name, and .drv is behind it.
const longestMachine = 207

var machineName = regexp.MustCompile(`^[0-9A-Za-z+_?=-][0-9A-Za-z+._?=-]*$`)

// CheckMachine refuses names that no machine can have: Disnix calls the package of
// all that the machine gets after it.
func CheckMachine(name string) error {
	if len(name) <= longestMachine && machineName.MatchString(name) && !strings.HasSuffix(name, ".drv") {
		return nil
	}
	return fmt.Errorf("machine '%s': the Nix store takes no such name, and Disnix gives it to the machine's packages: take up to %d letters, digits and +-._?=, with no dot in front and no .drv at the end", name, longestMachine)
}

// properties are those of our module's container that are no plain text: what they
// have to look like, and in words.
var properties = []struct {
	name  string
	valid *regexp.Regexp
	words string
}{
	{"timeout", regexp.MustCompile(`^[0-9]+$`), "a number of seconds"},
	{"runlevel", regexp.MustCompile(`^[0-9A-Za-z]$`), "a runlevel, such as 3"},
	{"forceDisableUserChange", oneOrNot, "1 or 0"},
	{"systemdUserServices", oneOrNot, "1 or 0"},
	{"enableAtBoot", oneOrNot, "1 or 0"},
}

var oneOrNot = regexp.MustCompile(`^[01]?$`)

// CheckProperties refuses values of a machine's container that our module could do
// nothing with.
func CheckProperties(machine string, container map[string]string) error {
	var problems []error
	for _, one := range properties {
		if value, given := container[one.name]; given && !one.valid.MatchString(value) {
			problems = append(problems, fmt.Errorf("machine '%s': containers.%s.%s is '%s', and has to be %s", machine, Module, one.name, value, one.words))
		}
	}
	return errors.Join(problems...)
}
