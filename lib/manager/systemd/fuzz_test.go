package systemd

import (
	"strings"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/manager/managertest"
)

const unitFile = "[Unit]\nDescription=a\nAfter=b.service\n\n[Service]\n# a comment\nEnvironment=\"A=1 2\"\nEnvironment=B=3\nExecStart=/a \\\n  b ; c\n[Install]\nWantedBy=x\n"

// Whatever a unit file holds, its key is read as itself, and each setting is in
// it, also one that the end of the file cuts off.
func FuzzKey(f *testing.F) {
	for _, text := range []string{unitFile, "", "[", "=", "[Service]\n=\n#\n;\n", "[Service]\nA=1\\", "a\\\n#b\\\nc", "[Unit]\nAfter", "\\", "[Service]\n\u00a0#=1\n", "[Service]\n\r#=1\n", "[Service]\nExecStart=\nExecStart=/a\n", "=\\ \n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key := Key(text)
		if again := Key(key); again != key && !strings.Contains(key, "\\\n") { // a blank behind it is gone
			t.Fatalf("the key %q is read as %q", key, again)
		}
		for _, more := range []string{"Fuzzed=1\n", "Fuzzed=1", "Fuzzed=1 \\", "Fuzzed=1 \\\n"} {
			if Key(text+"\n\n[Service]\n"+more) == key {
				t.Fatalf("%q adds nothing to %q", more, text)
			}
		}
		if Key(text+"\n\n[Unit]\nDescription=another\n[Install]\nWantedBy=b\n") != Key(text+"\n\n[Unit]\n") {
			t.Fatalf("its description counts in %q", text)
		}
	})
}

// Variables have no order, but for one that is set twice, and an empty line,
// which forgets all before it.
func TestKeyOfVariables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{"A=1|B=2", "B=2|A=1", true},
		{"\"A=1 x\"|B=2", "B=2|\"A=1 x\"", true},
		{"A=1|A=2", "A=2|A=1", false},
		{"\"A=1\"|A=2", "A=2|\"A=1\"", false},
		{"A=1 B=2|B=3", "B=3|A=1 B=2", false},
		{"|A=1", "A=1|", false},
	} {
		text := func(lines string) string {
			return "[Service]\nEnvironment=" + strings.ReplaceAll(lines, "|", "\nEnvironment=") + "\n"
		}
		if same := Key(text(c.one)) == Key(text(c.other)); same != c.same {
			t.Errorf("%s and %s: the same is %t, want %t", c.one, c.other, same, c.same)
		}
	}
}

// Whatever systemctl says, it is an error, or something of each unit.
func FuzzShow(f *testing.F) {
	running := block("active", "running", "success", "simple")
	for _, text := range []string{running + "\n" + running, running, "", "\n\n\n", "ActiveState=active\n\nLoadState=loaded\n", "=\n\n=", "LoadState=loaded\nActiveState=active\nMainPID=-1\n\nLoadState=loaded\nActiveState=activating\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := (&Manager{Runner: managertest.Says(text)}).show(t.Context(), []string{"a.service", "b.service"})
		if err != nil {
			return
		}
		for _, p := range all {
			if state := conditionOf(p); p["LoadState"] == "" || p["ActiveState"] == "" || state.PID < 0 || state.Condition == manager.Unknown && state.Detail == "" {
				t.Fatalf("%q is %+v", text, state)
			}
		}
	})
}

func FuzzUnits(f *testing.F) {
	managertest.FuzzUnits(f, &Manager{}, `{"unit": "etc/systemd/system/a.service", "pidFile": "/run/a.pid"}`, `{"unit": 1}`)
}
