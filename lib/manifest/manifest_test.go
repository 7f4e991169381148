package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func file(t *testing.T, dir, path, text string) {
	t.Helper()
	path = filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReadGivesWhatEncodeWrote(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := Manifest{Schema: Schema, Manager: "sysvinit", Processes: []Process{{Name: "a", Rank: 1, Key: "k", Files: map[string]string{"f": "d"}}}}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	file(t, dir, FileName, string(text))
	got, err := Read(dir)
	if err != nil || got.Manager != "sysvinit" || len(got.Processes) != 1 || got.Processes[0].Key != "k" || got.Processes[0].Files["f"] != "d" {
		t.Errorf("%+v, %v", got, err)
	}
	if none, err := Read(t.TempDir()); none != nil || err != nil {
		t.Errorf("a profile of the older framework: %v, %v", none, err)
	}
}

func TestReadRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"schema": 99}`: "upgrade the command",
		`{"schema"`:      "can't be read",
	} {
		dir := t.TempDir()
		file(t, dir, FileName, text)
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: the error is %v, want %q and the path", text, err, want)
		}
	}
}

func TestManagerOf(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"etc/rc.d/init.d/a": "sysvinit",
		"etc/rc.d/a":        "bsdrc",
		"etc/systemd/system/nix-process-a.service": "systemd",
		"supervisord.conf":                         "supervisord",
		"conf.d/a.conf":                            "supervisord",
		"etc/s6/sv/a-srv/run":                      "s6-rc",
		"a-docker-settings":                        "docker",
		"Library/LaunchDaemons/org.nixos.a.plist":  "launchd",
		"nix-process-a-cygrunsrvparams":            "cygrunsrv",
		"dysnomia-support/users/a":                 "",
	} {
		dir := filepath.Join(t.TempDir(), "a folder")
		file(t, dir, path, "")
		if got, err := ManagerOf(dir); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", path, got, err, want)
		}
	}
}
