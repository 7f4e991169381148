package bsdrc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"nixproc/lib/replace"
)

// rcConf is the file rc.conf(5): assignments for a shell, of which the last
// counts. Of its lines, those that we wrote are known by a comment behind them;
// all others stay as they are, byte by byte.
type rcConf struct {
	path  string
	lines []string // split at the line ends: joined again, they are the file
}

// readRCConf reads the file; one that is missing has nothing in it.
func readRCConf(path string) (rcConf, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return rcConf{}, err
	}
	return rcConf{path: path, lines: strings.Split(string(text), "\n")}, nil
}

// signature is the comment behind the lines of a profile. It may hold no line
// end.
func signature(profile string) string {
	return " # by nixproc for the profile " + strings.NewReplacer("%", "%25", "\n", "%0A", "\r", "%0D", `\`, "%5C").Replace(profile)
}

// enable makes the lines of a profile those that set these variables to YES,
// unless another line does so already. It writes the file if that changes it.
func (c rcConf) enable(profile string, variables []string) error {
	sign := signature(profile)
	ours := func(line string) bool {
		assignment, found := strings.CutSuffix(line, sign)
		// What a person changed in it is that person's.
		return found && strings.HasSuffix(assignment, "=YES")
	}
	lines := slices.DeleteFunc(slices.Clone(c.lines), ours)
	var added []string
	for _, variable := range slices.Sorted(slices.Values(variables)) {
		if !isYes(lines, variable) {
			added = append(added, variable+"=YES"+sign)
		}
	}
	if slices.Equal(added, slices.DeleteFunc(slices.Clone(c.lines), func(line string) bool { return !ours(line) })) {
		return nil
	}
	if len(added) > 0 {
		at := len(lines)
		if lines[at-1] == "" {
			at-- // the file ends with a line end
		}
		if at > 0 && strings.HasSuffix(lines[at-1], `\`) {
			return fmt.Errorf("%s: its last line goes on with the next one, which there is none of: mend it first", c.path)
		}
		lines = slices.Insert(lines, at, added...)
	}
	return replace.File(c.path, []byte(strings.Join(lines, "\n")), 0o644)
}

// isYes says whether the last assignment of a variable is one that rc.subr's
// checkyesno takes for yes.
func isYes(lines []string, variable string) bool {
	yes := false
	for _, line := range lines {
		value, found := strings.CutPrefix(strings.TrimSpace(line), variable+"=")
		if !found {
			continue
		}
		value, _, _ = strings.Cut(value, " ")
		value = strings.ToLower(strings.Trim(value, `"';`))
		yes = slices.Contains([]string{"yes", "true", "on", "1"}, value)
	}
	return yes
}
