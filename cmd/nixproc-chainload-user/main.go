// Command nixproc-chainload-user becomes a user and then another program. The
// command "nixproc chainload-user" does the same; this one has next to nothing in
// it, so that its path in the store stays the same from version to version, and
// what is started with it need not be restarted.
package main

import (
	"context"
	"fmt"
	"os"

	"nixproc/lib/chainload"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) < 2 {
		fmt.Fprintln(os.Stderr, "Usage: nixproc-chainload-user USER COMMAND [ARGUMENT]...")
		os.Exit(64)
	}
	err := chainload.Exec(context.Background(), args[0], args[1:])
	fmt.Fprintln(os.Stderr, "nixproc-chainload-user:", err)
	os.Exit(1)
}
