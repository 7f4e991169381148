package main

import (
	"os"
	"testing"
)

func TestPlainTemp(t *testing.T) {
	for set, want := range map[string]string{"": "/tmp", "/var/tmp": "/var/tmp", "/a folder": "/tmp", "/a*": "/tmp", `/a"b`: "/tmp"} {
		t.Setenv("TMPDIR", set)
		if err := plainTemp(); err != nil || os.TempDir() != want {
			t.Errorf("with %q it is %q, %v, want %q", set, os.TempDir(), err, want)
		}
	}
}
