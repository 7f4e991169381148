package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// countedPrograms are all that nixproc could call by way of PATH.
var countedPrograms = []string{
	"nix", "nix-instantiate", "nix-store", "nix-build", "nix-env", "nix-shell", "nix-channel", "nix-copy-closure",
	"useradd", "userdel", "usermod", "groupadd", "groupdel", "getent",
	"sh", "bash", "env", "cp", "ln", "rm", "mkdir", "chmod", "chown", "readlink", "cat", "id", "ps", "kill", "sleep",
}

// countCalls puts wrappers first on the PATH of the deployment's commands, each
// of which notes that it was called. The function that it returns tells which
// programs were called since it was called last, sorted: "nix-store --realise".
func (d *deployment) countCalls() func() []string {
	d.t.Helper()
	dir, notes := d.path("wrappers"), d.path("calls")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		d.t.Fatal(err)
	}
	for _, name := range countedPrograms {
		program, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		text := fmt.Sprintf("#!/bin/sh\nPATH=${PATH#*:}\nfirst=\nfor word; do case $word in --realise | --add | --eval) first=\" $word\" ;; esac; done\n"+
			"echo '%s'\"$first\" >>'%s'\nexec '%s' \"$@\"\n", name, notes, program)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			d.t.Fatal(err)
		}
	}
	d.env = append(d.env, "PATH="+dir+":"+os.Getenv("PATH"))
	return func() []string {
		d.t.Helper()
		data, err := os.ReadFile(notes)
		if err != nil && !os.IsNotExist(err) {
			d.t.Fatal(err)
		}
		os.Remove(notes)
		var calls []string
		for line := range strings.Lines(string(data)) {
			calls = append(calls, strings.TrimSuffix(line, "\n"))
		}
		slices.Sort(calls)
		return calls
	}
}
