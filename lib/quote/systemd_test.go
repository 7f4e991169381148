package quote

import "testing"

// That systemd reads back what was meant is tested with systemd itself, in
// tests/systemd_process_test.go.
func TestSystemdEnvironment(t *testing.T) {
	for value, want := range map[string]string{
		"":               "A=",
		"/a/b:c=d":       "A=/a/b:c=d",
		"two words":      `"A=two words"`,
		`say "so"`:       `"A=say \"so\""`,
		"100%":           `"A=100%%"`,
		"$HOME":          `"A=$HOME"`,
		`a\b`:            `"A=a\\b"`,
		"one\ntwo\tx":    `"A=one\ntwo\tx"`,
		"é":              `"A=é"`,
		"it's; # 'this'": `"A=it's; # 'this'"`,
	} {
		if got, err := SystemdEnvironment("A", value); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", value, got, err, want)
		}
	}
	for _, value := range []string{"a\rb", "\x00", "\x7f", "\x1b[0m"} {
		if got, err := SystemdEnvironment("A", value); err == nil {
			t.Errorf("%q: %s", value, got)
		}
	}
}

func TestSystemdLine(t *testing.T) {
	for text, want := range map[string]string{"a b": "a b", "100%": "100%%", "a\nb": "a b", `a\`: `a\ `} {
		if got := SystemdLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := SystemdPath("/a b/100%"); got != `"/a b/100%%"` {
		t.Error(got)
	}
}
