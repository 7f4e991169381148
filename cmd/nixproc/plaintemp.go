package main

import (
	"os"
	"strings"
)

// plainTemp sees to it that temporary files go to a directory that the shell scripts of
// Disnix, and what they have built, take for one word.
func plainTemp() error {
	if strings.ContainsAny(os.TempDir(), " \t\n*?[]\\\"'$`:") {
		return os.Setenv("TMPDIR", "/tmp")
	}
	return nil
}
