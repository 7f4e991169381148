package nixeval

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample reads what Nix 2.8 said (see testdata/record.sh), in a directory.
func sample(t *testing.T, name, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".stderr"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "@dir@", dir)
}

// firstError is what an evaluation's error is told from.
func firstError(t *testing.T, name, dir string) message {
	t.Helper()
	for _, m := range parseMessages(sample(t, name, dir)) {
		if m.isError() {
			return m
		}
	}
	t.Fatalf("no error in %s", name)
	return message{}
}

func TestParseMessages(t *testing.T) {
	messages := parseMessages(sample(t, "undefined-variable", "/home/me"))
	if len(messages) != 1 {
		t.Fatalf("%d messages, want 1", len(messages))
	}
	m := messages[0]
	if !m.isError() || m.Level != levelError || m.summary() != "undefined variable 'nonsuch'" {
		t.Errorf("got %+v", m)
	}
	if m.File == nil || *m.File != "/home/me/models/undefined-variable.nix" || *m.Line != 8 || *m.Column != 32 {
		t.Errorf("the position is %v", m.position)
	}
	if !strings.HasPrefix(m.text(), "error: undefined variable 'nonsuch'\n") || strings.Contains(m.text(), "\x1b") {
		t.Errorf("the text is %q", m.text())
	}

	// Nix begins with the innermost step.
	m = firstError(t, "throw", "/home/me")
	if m.File != nil || len(m.Trace) < 3 {
		t.Fatalf("got %+v", m)
	}
	if text := plain(m.Trace[len(m.Trace)-1].RawMsg); text != "while evaluating the attribute 'model' of the derivation 'processes-sysvinit'" {
		t.Errorf("the outermost step is %q", text)
	}
}

// Other programs write to stderr, too, and what ends Nix abruptly has no form.
func TestMessagesInOtherForms(t *testing.T) {
	for line, want := range map[string]message{
		"":                           {Action: "msg", Level: levelWarn},
		"something else":             {Action: "msg", Level: levelWarn, Msg: "something else"},
		"@nix is a nice name":        {Action: "msg", Level: levelWarn, Msg: "@nix is a nice name"},
		`@nix {"action":"stop","id"`: {Action: "msg", Level: levelWarn, Msg: `@nix {"action":"stop","id"`},
	} {
		if got := parseMessage(line); got.Action != want.Action || got.Level != want.Level || got.Msg != want.Msg || got.isError() {
			t.Errorf("%q: got %+v", line, got)
		}
	}
	m := firstError(t, "stack-overflow", "/home/me")
	if m.summary() != "stack overflow (possible infinite recursion)" || m.placeless() {
		t.Errorf("got %+v", m)
	}
}

func TestTracesAreNoted(t *testing.T) {
	var notes strings.Builder
	Nix{Notes: &notes}.note(Request{}, parseMessages(sample(t, "traces", "/home/me")+
		"@nix {\"action\":\"msg\",\"level\":1,\"msg\":\"\\u001b[35;1mwarning:\\u001b[0m error: SQLite database '/nix/var/nix/db/db.sqlite' is busy\"}\n"+
		"@nix {\"action\":\"msg\",\"level\":1,\"msg\":\"warning: something is deprecated\"}\n"))
	const want = "trace: one\ntrace: { two = 2; }\nwarning: something is deprecated\n"
	if notes.String() != want {
		t.Errorf("noted:\n%s\nwant:\n%s", notes.String(), want)
	}
}

// An error names the process and the place in the user's files where it arose,
// and never our own files.
func TestExplain(t *testing.T) {
	const dir = "/home/me"
	for name, want := range map[string]string{
		"undefined-variable":  "undefined variable 'nonsuch'\n  at MODEL:8:32",
		"syntax-error":        "syntax error, unexpected ';'\n  at MODEL:8:22",
		"throw":               "process 'web': no such luck\n  at MODEL:8:3",
		"throw-in-argument":   "process 'web': no such luck\n  in MODEL",
		"function-as-text":    "process 'web': attribute 'environment.PORT' is a function, where text is due\n  in MODEL",
		"unexpected-argument": "process 'web': 'colour' is no argument of create-managed-process.nix\n  at MODEL:8:13",
		"stack-overflow":      "stack overflow (possible infinite recursion)\n  in MODEL",
		"extra-params":        "undefined variable 'nonsuch'\n  at --extra-params:1:10",
	} {
		r := Request{Source: Source{ExprFile: dir + "/models/" + name + ".nix"}, ExtraParams: "{ port = nonsuch; }"}
		m := firstError(t, name, dir)
		if m.aboutNixItself() || m.placeless() {
			t.Errorf("%s is taken for trouble with Nix", name)
		}
		want = strings.ReplaceAll(want, "MODEL", r.ExprFile)
		if got := m.explain(r); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

// With --show-trace the whole trace of Nix is shown, without its colours.
func TestExplainWithTrace(t *testing.T) {
	got := firstError(t, "throw", "/home/me").explain(Request{Source: Source{ExprFile: "/home/me/models/throw.nix"}, ShowTrace: true})
	for _, want := range []string{"no such luck\n", "while evaluating process 'web'", "at /home/me/models/throw.nix:8:3:"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.HasPrefix(got, "error: ") || strings.Contains(got, "\x1b") {
		t.Errorf("got\n%s", got)
	}
}

func TestWhoseFileItIs(t *testing.T) {
	t.Setenv("NIX_PATH", "other=/x:nixpkgs=/opt/packages")
	r := Request{Source: Source{ExprFile: "/src/nixproc/process/mine.nix"}, ExtraParams: "{ }", HostPackages: "/tmp/host"}
	line := 3
	for file, own := range map[string]bool{
		"/home/me/processes.nix":                       true,
		"/home/me/nixproc/processes.nix":               true,
		"/src/nixproc/process/mine.nix":                true, // the model is, wherever it stands
		"/src/nixproc/process/data.nix":                false,
		"/src/nixproc/backends/sysvinit/x.nix":         false,
		"/src/nixproc/create-managed-process/u/u.nix":  false,
		"/src/nixproc/create-credentials/default.nix":  false,
		"/src/nixproc/deployment.nix":                  false,
		"/src/nixproc/requirements.nix":                false,
		"/home/me/deployment.nix":                      true,
		"/opt/packages/lib/lists.nix":                  false,
		"/opt/packages2/lib/lists.nix":                 true,
		"/tmp/host/lib.nix":                            false,
		"/home/me/.nix-defexpr/channels/nixpkgs/l.nix": false,
		"{ }": true,
	} {
		where, got := r.place(position{File: &file, Line: &line})
		if got != own || !strings.HasSuffix(where, ":3") {
			t.Errorf("%s: %s, the user's: %v, want %v", file, where, got, own)
		}
	}
	for _, file := range []string{"(string)", "«string»", "# The one evaluation of a switch\n{ }"} {
		if where, own := r.place(position{File: &file, Line: &line}); where != "" || own {
			t.Errorf("%q: %q, the user's: %v, want nothing", file, where, own)
		}
	}
}

// Trouble with Nix itself is not the model's fault.
func TestAboutNixItself(t *testing.T) {
	m := firstError(t, "no-daemon", "/home/me")
	if !m.aboutNixItself() || m.summary() != "cannot connect to socket at '/nonexistent': No such file or directory" {
		t.Errorf("got %+v", m)
	}
	t.Setenv("NIX_STATE_DIR", "/own/var")
	t.Setenv("NIX_STORE_DIR", "/own/store")
	for text, want := range map[string]bool{
		"opening lock file '/own/var/db/big-lock': Permission denied": true,
		"creating directory '/own/var/temproots': File exists":        true,
		"opening file '/own/store/x.drv': Permission denied":          true,
		"opening file '/home/me/secret.nix': Permission denied":       false,
		"writing to file: No space left on device":                    true,
		"unable to download 'https://example.org/x.tar.gz'":           true,
		"undefined variable 'x'":                                      false,
		"getting status of '/own/x': No such file or directory":       false,
	} {
		if got := (message{RawMsg: &text}).aboutNixItself(); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// Each line that a build wrote, one after the other.
func seen(text string) (*progress, string) {
	var notes strings.Builder
	p := &progress{notes: &notes, logs: map[uint64]*buildLog{}}
	for line := range strings.Lines(text) {
		p.see(parseMessage(strings.TrimSuffix(line, "\n")))
	}
	return p, notes.String()
}

// The log that is shown is that of the builder that failed, though another one
// wrote last.
func TestProgress(t *testing.T) {
	p, notes := seen(sample(t, "failing-build", "/d"))
	lines := strings.Split(strings.TrimSuffix(notes, "\n"), "\n")
	if len(lines) != 2 || !slices.ContainsFunc(lines, func(l string) bool { return strings.HasSuffix(l, "-fails.drv'") }) {
		t.Errorf("noted %q", lines)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "building '/d/store/") {
			t.Errorf("noted %q", line)
		}
	}
	if p.failure == nil || !strings.HasSuffix(p.failure.summary(), "-fails.drv' failed with exit code 3") {
		t.Fatalf("the failure is %+v", p.failure)
	}
	log := p.logOf(p.failure.summary())
	if len(log) != keptLogLines || log[0] != "fails 12" || log[len(log)-2] != "fails 30" || log[len(log)-1] != "no such luck" {
		t.Errorf("the log is %q", log)
	}
	if log := p.logOf("something else failed"); log != nil {
		t.Errorf("the log of nothing is %q", log)
	}
}

// Lines are followed while they are written, also those without an end.
func TestFollow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	writer, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	var notes strings.Builder
	p := follow(file, &notes)
	text := sample(t, "failing-build", "/d")
	for _, part := range []string{text[:100], text[100:3000], strings.TrimSuffix(text[3000:], "\n")} {
		if _, err := writer.WriteString(part); err != nil {
			t.Fatal(err)
		}
	}
	p.stop()
	want, wantNotes := seen(text)
	if p.failure == nil || p.failure.summary() != want.failure.summary() || notes.String() != wantNotes {
		t.Errorf("got %+v and\n%s\nwant\n%s", p.failure, notes.String(), wantNotes)
	}
	follow(filepath.Join(t.TempDir(), "nothing"), &notes).stop()
}
