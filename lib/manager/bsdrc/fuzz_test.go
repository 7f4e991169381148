package bsdrc

import (
	"os"
	"path/filepath"
	"testing"

	"nixproc/lib/manager/managertest"
)

// Whatever rc.conf holds, our lines come and go, and all others stay as they
// are, byte by byte.
func FuzzRCConf(f *testing.F) {
	for _, text := range []string{"", "\n", "hostname=\"a\"\na_enabled=NO\n", "a_enabled=\"YES\" # x", "a_enabled=YES # by nixproc for the profile /q\n", "x=1 \\", "x=1\\\n", "\r\n", "a_enabled=YES;b=NO"} {
		f.Add(text, "/p\n%\\")
	}
	path := filepath.Join(f.TempDir(), "rc.conf")
	f.Fuzz(func(t *testing.T, text, profile string) {
		set := func(variables ...string) string {
			conf, err := readRCConf(path)
			if err == nil {
				err = conf.enable(profile, variables)
			}
			if err != nil {
				t.Skip(err) // its last line goes on
			}
			if conf, err = readRCConf(path); err != nil {
				t.Fatal(err)
			}
			for _, variable := range variables {
				if !isYes(conf.lines, variable) {
					t.Fatalf("%s is not enabled in %q", variable, conf.lines)
				}
			}
			is, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return string(is)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		before := set() // without what may be ours already
		with := set("a_enabled", "b_enabled")
		if twice := set("a_enabled", "b_enabled"); twice != with {
			t.Fatalf("%q becomes %q", with, twice)
		}
		if after := set(); after != before {
			t.Fatalf("%q becomes %q", before, after)
		}
	})
}

// Whatever a script holds, it is one process.
func FuzzScan(f *testing.F) {
	for _, text := range []string{"#!/bin/sh\n# PROVIDE: a\n# REQUIRE: b\nrcvar=a_enabled\npidfile=/run/a.pid\ncommand=\"/a\"\n", "", "pidfile=\"/a", "command=/a\x00\n-p /a ", "pidfile=/a\nstart_cmd="} {
		f.Add([]byte(text))
	}
	tree := f.TempDir()
	if err := os.MkdirAll(filepath.Join(tree, directory), 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(filepath.Join(tree, directory, "a"), content, 0o755); err != nil {
			t.Fatal(err)
		}
		units, err := (&Manager{}).Units(tree)
		if err != nil || len(units) != 1 || units[0].Name != "a" {
			t.Fatalf("%+v, %v", units, err)
		}
		if unit := units[0]; unit.PIDFile != "" && !filepath.IsAbs(unit.PIDFile) || unit.PIDFileCertain && unit.PIDFile == "" {
			t.Fatalf("%+v", unit)
		}
	})
}

func FuzzUnits(f *testing.F) {
	managertest.FuzzUnits(f, &Manager{}, `{"script": "etc/rc.d/a", "provides": ["a"], "requires": ["a", "b"], "before": ["a"]}`)
}
