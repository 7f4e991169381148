package bsdrc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is added goes again, and every other byte stays, whatever the file is like.
func TestRCConf(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct{ before, want string }{
		"empty":            {"", "b_enabled=YES # by nixproc for the profile /a%0Ab\nweb_enabled=YES # by nixproc for the profile /a%0Ab\n"},
		"usual":            {"x=1\n", "x=1\nb_enabled=YES # by nixproc for the profile /a%0Ab\nweb_enabled=YES # by nixproc for the profile /a%0Ab\n"},
		"no line end":      {"x=1", "x=1\nb_enabled=YES # by nixproc for the profile /a%0Ab\nweb_enabled=YES # by nixproc for the profile /a%0Ab"},
		"blank lines":      {"\n\nx=\"\xff\"\r\n\n", "\n\nx=\"\xff\"\r\n\nb_enabled=YES # by nixproc for the profile /a%0Ab\nweb_enabled=YES # by nixproc for the profile /a%0Ab\n"},
		"already":          {"web_enabled=\"Yes\" # mine\n", "web_enabled=\"Yes\" # mine\nb_enabled=YES # by nixproc for the profile /a%0Ab\n"},
		"already, then no": {"web_enabled=YES\nweb_enabled=NO\n", "web_enabled=YES\nweb_enabled=NO\nb_enabled=YES # by nixproc for the profile /a%0Ab\nweb_enabled=YES # by nixproc for the profile /a%0Ab\n"},
		"another profile":  {"b_enabled=NO # by nixproc for the profile /other\n", "b_enabled=NO # by nixproc for the profile /other\nb_enabled=YES # by nixproc for the profile /a%0Ab\nweb_enabled=YES # by nixproc for the profile /a%0Ab\n"},
	} {
		path := filepath.Join(t.TempDir(), "a folder")
		if err := os.WriteFile(path, []byte(test.before), 0o604); err != nil {
			t.Fatal(err)
		}
		link := path + ".link"
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		set := func(variables ...string) string {
			t.Helper()
			conf, err := readRCConf(link)
			if err == nil {
				err = conf.enable("/a\nb", variables)
			}
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		for range 2 {
			if got := set("web_enabled", "b_enabled"); got != test.want {
				t.Errorf("%s: %q, want %q", what, got, test.want)
			}
		}
		if got := set("b_enabled"); !strings.Contains(got, "b_enabled=YES # by") || strings.Contains(got, "web_enabled=YES # by") {
			t.Errorf("%s: one less gives %q", what, got)
		}
		if got := set(); got != test.before {
			t.Errorf("%s: %q is left, want %q", what, got, test.before)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode() != 0o604 {
			t.Errorf("%s: %v, %v", what, info.Mode(), err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode().IsRegular() {
			t.Errorf("%s: the link is gone: %v", what, err)
		}
	}
}

// What a person made of our line is that person's; a file that ends in the
// middle of a line is left alone; a missing one is made.
func TestRCConfOfOthers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rc.conf")
	enable := func(variables ...string) error {
		conf, err := readRCConf(path)
		if err != nil {
			t.Fatal(err)
		}
		return conf.enable("/p", variables)
	}
	if err := enable(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was made for nothing")
	}
	if err := enable("a_enabled"); err != nil {
		t.Error(err)
	}
	const mine = "a_enabled=NO # by nixproc for the profile /p\n"
	for text, want := range map[string]string{mine: mine, "x=1 \\": "x=1 \\"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		err := enable()
		if strings.HasSuffix(text, `\`) {
			if err = enable("a_enabled"); err == nil {
				t.Errorf("%q: no error", text)
			}
		} else if err != nil {
			t.Error(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}
