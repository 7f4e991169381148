package network

import (
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
