package render

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixproc/lib/model"
)

// What a package is shows in its tree; nothing is said of one that is gone.
func TestIdlePackages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, file := range []string{"process/etc/rc.d/init.d/a", "unit/etc/systemd/system/a.service", "tool/bin/a", "accounts/dysnomia-support/users/a", "file"} {
		file = filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m := model.Model{Manager: "sysvinit"}
	for _, name := range []string{"process", "unit", "tool", "accounts", "gone"} {
		m.Processes = append(m.Processes, model.Process{Attribute: name, Name: name, Foreign: true, Tree: filepath.Join(dir, name)})
	}
	want := []Idle{{Attribute: "unit", For: "systemd"}, {Attribute: "tool"}, {Attribute: "accounts", Accounts: true}}
	if got, err := IdlePackages(m); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if err := CheckTrees(m); err != nil {
		t.Error(err)
	}
	m.Processes = append(m.Processes, model.Process{Attribute: "text", Name: "file", Tree: filepath.Join(dir, "file")})
	if err := CheckTrees(m); err == nil || !strings.HasPrefix(err.Error(), "process 'text' has the file "+dir) {
		t.Errorf("of a file: %v", err)
	}
}
