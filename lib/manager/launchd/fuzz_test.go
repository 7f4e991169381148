package launchd

import (
	"bytes"
	"testing"

	"nixproc/lib/manager/managertest"
)

const fuzzed = `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
<key>Label</key><string>org.nixos.a</string>
<key>Program</key><string>/nix/store/a/bin/a</string>
<key>ProgramArguments</key><array><string>b</string><string>c</string></array>
<key>Umask</key><string>022</string><key>ExitTimeOut</key><integer>7</integer>
<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
</dict></plist>
`

// Whatever a plist holds, it is an error, or one that means the same when it is
// written again, and when it waits for the store.
func FuzzPlist(f *testing.F) {
	for _, text := range []string{
		fuzzed, "", "bplist00", "{ A = B; }", "<plist/>", "<plist><dict/></plist>", "<plist><array/></plist>",
		"<plist><dict><key>ProgramArguments</key><array><string>/nix/store/a</string><integer>1</integer></array></dict></plist>",
		"<plist><dict><key>Umask</key><real>1.5</real><key>KeepAlive</key><true/><key>ExitTimeOut</key><string>x</string></dict></plist>",
		"<plist><dict><key>Program</key><string>/nix/store/wait4path</string></dict></plist>",
		"<plist><dict><key>A</key><date>2026-01-01T00:00:00Z</date><key>B</key><data>AQ==</data></dict></plist>",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := Parse(content)
		if err != nil {
			return
		}
		UnitOf("a.plist", p)
		key, err := Key(content)
		if err != nil || !bytes.HasPrefix(content, []byte("<")) {
			return // in another form, which is not taken for a job
		}
		for _, same := range []Properties{p, p.AfterMount("/nix/store")} {
			text, err := same.Encode()
			if err != nil {
				continue // what XML can't hold
			}
			if again, err := Key(text); err != nil || again != key {
				t.Fatalf("%q is written as\n%s, which is something else (%v)", content, text, err)
			}
		}
	})
}

// A plist that was cut off is an error, wherever it was.
func TestPlistTruncated(t *testing.T) {
	t.Parallel()
	for cut := range len(fuzzed) - len("</plist>\n") {
		if p, err := Parse([]byte(fuzzed[:cut])); err == nil {
			t.Errorf("cut at %d: %v", cut, p)
		}
	}
}

// Whatever launchctl prints, a table of services is whole, and the numbers of
// processes are some.
func FuzzPrint(f *testing.F) {
	for _, text := range []string{
		"gui/501 = {\n\tservices = {\n\t\t     123      - \torg.nixos.a\n\t\t       0      (pe) \torg.nixos.b\n\t}\n}\n", "\tservices = {\n\t\t1 0 a\n",
		"\tstate = running\n\tpid = 12\n\tlast exit code = (never exited)\n", "\tpid = x\n\tlast exit code = 3\n", "\tpid = -4\n", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if one := parseJob(text); one.pid < 0 {
			t.Fatalf("%q is %+v", text, one)
		}
		jobs, whole := parseDomain(text)
		if !whole && len(jobs) > 0 {
			t.Fatalf("%q is %+v", text, jobs)
		}
		for label, one := range jobs {
			if label == "" || one.pid < 0 || one.pid > 0 && one.exited {
				t.Fatalf("%q has %+v", text, one)
			}
		}
	})
}

func FuzzUnits(f *testing.F) {
	managertest.FuzzUnits(f, Manager{}, `{"plist": "Library/LaunchDaemons/a.plist", "label": "a"}`)
}
