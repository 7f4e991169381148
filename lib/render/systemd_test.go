package render

import (
	"encoding/json"
	"strings"
	"testing"

	"nixproc/lib/model"
)

// systemdModel is a model of units with the settings that universal.nix gives.
func systemdModel(t *testing.T, settings string, parameters map[string]string) model.Model {
	t.Helper()
	m := model.Model{Schema: model.Schema, Manager: "systemd", Settings: map[string]json.RawMessage{"s": json.RawMessage(settings)}}
	for _, name := range []string{"app", "database"} {
		p := model.Process{
			Attribute: name, Name: name, Schema: model.Schema, Manager: "systemd", Settings: "s", Parameters: json.RawMessage(parameters[name]),
		}
		if name == "app" {
			p.Dependencies = []string{"database", "elsewhere"}
		}
		m.Processes = append(m.Processes, p)
	}
	return m
}

const (
	usualSettings = `{"basePackages": ["/s/coreutils"], "shell": "/s/sh", "forceDisableUserChange": false, "prefix": "nix-process-"}`
	databaseUnit  = `{"sections": {"Service": {"ExecStart": ["/bin/db"]}}}`
	appUnit       = `{"path": ["/s/bash"], "environment": {"B": "two words", "A": "1"}, "sections": {
		"Install": {"WantedBy": ["x.target"]}, "X-Own": {"K": ["v"]}, "Unit": {"Description": ["App"]},
		"Service": {"ExecStart": ["/bin/app -x"], "ExecStartPre": ["+/s/sh -e -c \"a b\""], "ExecStartPost": ["/a", "/b"], "User": ["app"], "Type": ["simple"], "UMask": ["027"]}}}`
)

func renderSystemd(t *testing.T, m model.Model) *Profile {
	t.Helper()
	profile, err := Render(m)
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

func TestSystemdUnit(t *testing.T) {
	profile := renderSystemd(t, systemdModel(t, usualSettings, map[string]string{"app": appUnit, "database": databaseUnit}))
	const want = `[Unit]
Description=App
Wants=nix-process-database.service nix-process-elsewhere.service
After=nix-process-database.service nix-process-elsewhere.service

[Service]
ExecStart=/bin/app -x
ExecStartPost=/a
ExecStartPost=/b
ExecStartPre=+/s/sh -e -c "a b"
Type=simple
UMask=027
User=app
Environment=A=1
Environment="B=two words"
Environment=PATH=/s/coreutils/bin:/s/bash/bin

[X-Own]
K=v

[Install]
WantedBy=x.target
`
	got := string(profile.Files["etc/systemd/system/nix-process-app.service"].Content)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	without := renderSystemd(t, systemdModel(t, strings.Replace(usualSettings, "false", "true", 1), map[string]string{"app": appUnit, "database": databaseUnit}))
	got = string(without.Files["etc/systemd/system/nix-process-app.service"].Content)
	if got != strings.Replace(want, "User=app\n", "", 1) {
		t.Errorf("without a change of users:\n%s", got)
	}
}

// The key changes with what the process depends on, and with nothing else.
func TestSystemdKey(t *testing.T) {
	key := func(settings, app string) string {
		profile := renderSystemd(t, systemdModel(t, settings, map[string]string{"app": app, "database": databaseUnit}))
		return profile.Manifest.Processes[0].Key
	}
	usual := key(usualSettings, appUnit)
	for change, want := range map[[2]string]bool{
		{`"App"`, `"Another"`}:             true,
		{`"x.target"`, `"y.target"`}:       true,
		{`"/bin/app -x"`, `"/bin/app -y"`}: false,
		{`"two words"`, `"three words"`}:   false,
		{`"/s/bash"`, `"/s/zsh"`}:          false,
		{`a b`, `a c`}:                     false,
		{`"027"`, `"022"`}:                 false,
	} {
		if changed := strings.Replace(appUnit, change[0], change[1], 1); changed == appUnit || (key(usualSettings, changed) == usual) != want {
			t.Errorf("%q: the same key should be %v", change, want)
		}
	}
	// Another shell, as with an upgrade of Nixpkgs.
	if key(strings.Replace(usualSettings, "/s/sh", "/s/dash", 1), strings.Replace(appUnit, "/s/sh", "/s/dash", 1)) != usual {
		t.Error("another shell changes the key")
	}
	if key(strings.Replace(usualSettings, "nix-process-", "other-", 1), appUnit) == usual {
		t.Error("another name of the unit does not change the key")
	}
}
