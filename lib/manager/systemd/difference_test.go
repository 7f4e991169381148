package systemd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/manager"
)

// A unit of the framework before this is compared with ours by what it means.
func TestDifference(t *testing.T) {
	dir := t.TempDir()
	unit := func(name, text string) manager.Unit {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return manager.Unit{Name: name, File: file, Installs: []string{file}}
	}
	script := unit("prestart", "#! /store/bash/bin/bash -e\nmkdir -p /a\nmkdir /b\n\n").File
	theirs := "[Service]\nExecStart=/p -g 'daemon off;' \nExecStartPre=+" + script + "\nType=simple\nEnvironment=B=1\nEnvironment=A=2\n\n[Unit]\nDescription=It\nWants=x\n"
	const ours = "[Unit]\nDescription=It\n\n[Service]\nExecStart=/p -g \"daemon off;\"\nExecStartPre=+/bin/bash -e -c \"mkdir -p /a\\nmkdir /b\\n\"\nType=simple\nEnvironment=A=2\nEnvironment=B=1\n"
	for _, c := range []struct{ what, from, to, want string }{
		{"nothing", "", "", ""},
		{"another argument", "daemon off", "daemon on", "its unit has another ExecStart"},
		{"another initialization", "mkdir /b", "mkdir /c", "its unit has another ExecStartPre"},
		{"another shell", "/bin/bash -e", "/bin/zsh -e", "its unit has another ExecStartPre"},
		{"without the privilege", "+/bin", "/bin", "its unit has another ExecStartPre"},
		{"more, and another variable", "B=1", "B=3\nUser=u", "its unit has another Environment, User"},
		{"another section", "[Service]", "ConditionPathExists=/x\n[Service]", "its unit has another [Unit]ConditionPathExists"},
	} {
		changed := strings.Replace(ours, c.from, c.to, 1)
		if got := (&Manager{}).Difference(unit("old", theirs), unit("new", changed)); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
		if got := (&Manager{}).Difference(unit("new", changed), unit("old", theirs)); got != c.want {
			t.Errorf("%s, the other way round: %q, want %q", c.what, got, c.want)
		}
	}
	two := unit("two", ours)
	two.Installs = append(two.Installs, two.File)
	for _, other := range []manager.Unit{two, {Installs: []string{"/nowhere"}, File: "/nowhere"}} {
		if got := (&Manager{}).Difference(unit("old", ours), other); got == "" {
			t.Errorf("%v is taken for the same", other)
		}
	}
}
