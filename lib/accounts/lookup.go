package accounts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"nixproc/lib/run"
)

// entry is a line of passwd(5) or group(5), split at the colons.
type entry []string

func (e entry) field(i int) string {
	if i < len(e) {
		return e[i]
	}
	return ""
}

// Fields that both files have in common, and those of passwd(5).
const (
	idField    = 2
	groupField = 3
	homeField  = 5
	shellField = 6
)

// table is a database by name.
type table map[string]entry

func parseTable(text string) table {
	t := table{}
	for _, line := range strings.Split(text, "\n") {
		fields := entry(strings.Split(line, ":"))
		if _, known := t[fields[0]]; !known && len(fields) > idField && !strings.HasPrefix(line, "#") {
			t[fields[0]] = fields // as getpwnam does, take the first
		}
	}
	return t
}

func readTable(path string) (table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the account database: %w", err)
	}
	return parseTable(string(data)), nil
}

// addOthers looks up, in one go, the names that the file does not have: they
// may come from LDAP or the like. Getent's exit code is 2 when it does not
// find them all; a system without getent has no such users.
func (l Linux) addOthers(ctx context.Context, database string, t table, names []string) error {
	var unknown []string
	for _, name := range names {
		if _, ok := t[name]; !ok && !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
	}
	const atOnce = 500 // keeps the command line short
	for chunk := range slices.Chunk(unknown, atOnce) {
		result, err := l.Runner.Run(ctx, run.Command{Args: append([]string{"getent", database}, chunk...)})
		if errors.Is(err, exec.ErrNotFound) {
			return nil
		}
		if err != nil && run.Code(err) != 2 {
			return fmt.Errorf("cannot look up accounts: %w", err)
		}
		for name, e := range parseTable(result.Stdout) {
			if slices.Contains(chunk, name) {
				t[name] = e
			}
		}
	}
	return nil
}
