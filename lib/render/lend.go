package render

import (
	"fmt"
	"strings"

	"nixproc/lib/quote"
)

// lend is shell by which root makes a file for a user: one who may not make it
// there, or who would find in a directory like /tmp what another one has put
// there, a link for example. Nobody can put anything in the place of the new one.
func lend(file, user string) string {
	return fmt.Sprintf("rm -f %[1]s && (set -C && : >%[1]s) && chown %[2]s %[1]s", quote.Shell(file), quote.Shell(user))
}

// lendLog lends a log, but leaves one as it is that is the user's already, and
// nothing else's under another name.
func lendLog(file, user string) string {
	name, _, _ := strings.Cut(user, ":") // a group may follow
	return fmt.Sprintf("{ { [ -f %[1]s ] && [ ! -h %[1]s ] && case $(stat -c '%%U %%u %%h' %[1]s 2>/dev/null || stat -f '%%Su %%u %%l' %[1]s) in %[2]s' '*' 1' | *' '%[2]s' 1') ;; *) false ;; esac; } || { %[3]s; }; }",
		quote.Shell(file), quote.Shell(name), lend(file, user))
}
