package render

import (
	"encoding/json"
	"strings"
	"testing"

	"nixproc/lib/manager/launchd"
	"nixproc/lib/model"
)

func launchdModel(t testing.TB, properties string) model.Model {
	t.Helper()
	p := model.Process{
		Attribute: "a", Name: "a", Schema: model.Schema, Manager: "launchd", Settings: "s",
		Parameters: json.RawMessage(`{"properties": ` + properties + `}`),
	}
	return model.Model{
		Schema: model.Schema, Manager: "launchd", Processes: []model.Process{p},
		Settings: map[string]json.RawMessage{"s": json.RawMessage(`{"prefix": "org.nixos.", "store": "/s"}`)},
	}
}

const aDaemon = `{"Program": "/s/a", "ProgramArguments": ["/s/a", "-x", "<&>"], "Umask": "027", "Nice": "5", "StartOnMount": false,
	"KeepAlive": {"SuccessfulExit": false, "Crashed": true}, "ThrottleInterval": 3, "Real": 1.5}`

func TestLaunchdText(t *testing.T) {
	t.Parallel()
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
	<dict>
		<key>KeepAlive</key>
		<dict>
			<key>Crashed</key>
			<true/>
			<key>SuccessfulExit</key>
			<false/>
		</dict>
		<key>Label</key>
		<string>org.nixos.a</string>
		<key>Nice</key>
		<integer>5</integer>
		<key>Program</key>
		<string>/bin/sh</string>
		<key>ProgramArguments</key>
		<array>
			<string>/bin/sh</string>
			<string>-c</string>
			<string>/bin/wait4path &#34;$0&#34; &amp;&amp; exec &#34;$@&#34;</string>
			<string>/s</string>
			<string>/s/a</string>
			<string>-x</string>
			<string>&lt;&amp;&gt;</string>
		</array>
		<key>Real</key>
		<real>1.5</real>
		<key>StartOnMount</key>
		<false/>
		<key>ThrottleInterval</key>
		<integer>3</integer>
		<key>Umask</key>
		<integer>23</integer>
	</dict>
</plist>
`
	profile := mustRender(t, launchdModel(t, aDaemon))
	if got := string(profile.Files["Library/LaunchDaemons/org.nixos.a.plist"].Content); got != want || len(profile.Files) != 1 {
		t.Errorf("the plist says\n%s\nwant\n%s", got, want)
	}
}

// What is not in the store does not wait for it, and nothing waits twice.
func TestLaunchdWaits(t *testing.T) {
	t.Parallel()
	for properties, waits := range map[string]bool{
		`{"Program": "/usr/bin/true"}`:                                           false,
		`{"Program": "/store/a"}`:                                                false,
		`{"Program": "/s/a"}`:                                                    true,
		`{"ProgramArguments": ["/bin/sh", "/s/script"]}`:                         true,
		`{"ProgramArguments": ["/bin/sh", "-c", "/bin/wait4path /s && /s/own"]}`: false,
	} {
		text := string(mustRender(t, launchdModel(t, properties)).Files["Library/LaunchDaemons/org.nixos.a.plist"].Content)
		if got := strings.Contains(text, "wait4path &#34;$0&#34;"); got != waits {
			t.Errorf("%s: waits is %v\n%s", properties, got, text)
		}
	}
}

// Neither how a daemon waits, nor when it is loaded, nor our proxy restarts it;
// what it gets does.
func TestLaunchdKey(t *testing.T) {
	t.Parallel()
	key := func(properties string) string {
		return mustRender(t, launchdModel(t, properties)).Manifest.Processes[0].Key
	}
	same := [][]string{
		{`{"Program": "/s/a"}`, `{"ProgramArguments": ["/s/a"]}`, `{"Program": "/s/a", "ProgramArguments": ["/s/a"], "RunAtLoad": false}`},
		{aDaemon, strings.Replace(aDaemon, `"027"`, "23", 1), strings.Replace(aDaemon, `"Nice": "5"`, `"Nice": 5`, 1)},
		{
			`{"Program": "/s/sh", "ProgramArguments": ["/s/sh", "/s/1-foreground-proxy", "-p", "/run/a.pid", "--", "/s/a"]}`,
			`{"Program": "/s/bash", "ProgramArguments": ["/s/bash", "/s/2-foreground-proxy", "-p", "/run/a.pid", "--", "/s/a"]}`,
		},
	}
	seen := map[string]int{}
	for i, group := range same {
		for _, properties := range group {
			if k := key(properties); k != key(group[0]) {
				t.Errorf("another key: %s", properties)
			} else if other, has := seen[k]; has && other != i {
				t.Errorf("groups %d and %d have the same key", i, other)
			} else {
				seen[k] = i
			}
		}
	}
	for old, new := range map[string]string{`"027"`: `"022"`, `"-x"`: `"-y"`, `"/s/a", "-x"`: `"name", "-x"`, `"Nice": "5"`: `"Nice": 6`, `3,`: `4,`, `true}`: `false}`} {
		if key(strings.Replace(aDaemon, old, new, 1)) == key(aDaemon) {
			t.Errorf("%s instead of %s does not change the key", new, old)
		}
	}
	waits, err := launchd.Key(mustRender(t, launchdModel(t, `{"Program": "/s/a"}`)).Files["Library/LaunchDaemons/org.nixos.a.plist"].Content)
	plain, plainErr := launchd.Properties{"Label": "org.nixos.a", "Program": "/s/a"}.Encode()
	if err != nil || plainErr != nil {
		t.Fatal(err, plainErr)
	}
	if older, err := launchd.Key(plain); err != nil || older != waits {
		t.Errorf("the plist of the older framework has another key: %v", err)
	}
}

func TestLaunchdRefuses(t *testing.T) {
	t.Parallel()
	_, err := Render(launchdModel(t, `{"Label": "a/b", "Program": "a", "ProgramArguments": [], "Umask": "0999", "Nice": 21,
		"EnvironmentVariables": {"A=": "", "B": "\u0001"}, "WorkingDirectory": "\u0000"}`))
	if err == nil {
		t.Fatal("it was rendered")
	}
	for _, want := range []string{
		`launchctl can't handle a daemon with the label "a/b"`, `the program "a" is not an absolute path`, "ProgramArguments: it is empty", "umask: ", "nice: ",
		`environment: "A="`, "environment: the value of B can't be written: a plist can't hold the character U+0001", "WorkingDirectory: a plist can't hold the character U+0000",
	} {
		if !strings.Contains(err.Error(), "process 'a': "+want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
	if _, err := Render(launchdModel(t, `{}`)); err == nil || !strings.Contains(err.Error(), "it has nothing to run") {
		t.Error(err)
	}
}
