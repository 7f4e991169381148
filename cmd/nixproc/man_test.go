package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Each command has a manual page with all sections, and all that --help says
// of its options is in it.
func TestManualPages(t *testing.T) {
	pages := manualPages()
	if len(pages) != len(commands())+1 {
		t.Errorf("there are %d pages for %d commands and nixproc itself", len(pages), len(commands()))
	}
	for name, page := range pages {
		at := 0
		for _, heading := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES", "SEE ALSO"} {
			next := bytes.Index(page, []byte("\n.SH "+heading+"\n"))
			if next <= at {
				t.Errorf("%s: %s is not where it belongs", name, heading)
			}
			at = next
		}
		command, ok := commands()[strings.TrimPrefix(name, "nixproc-")]
		if !ok && name != "nixproc" {
			t.Errorf("%s is the page of no command", name)
		}
		text := ""
		if ok {
			text = command.help()
		}
		// A word of the page may be in bold, or have a hyphen in it.
		said := strings.NewReplacer(`\-`, "-", `\fB`, "", `\fI`, "", `\fR`, "", `\(aq`, "'", `\(dq`, `"`, `\(ti`, "~", `\(ga`, "`", `\e`, `\`, `\[u2026]`, "…").Replace(string(page))
		for word := range strings.FieldsSeq(text) {
			if !slices.Contains([]string{"Usage:", "or:", "Options:", "Directories", "Example:", "Examples:", "Environment:", "Environment", "codes:"}, word) &&
				!strings.Contains(strings.ToLower(said), strings.ToLower(strings.Trim(word, `():\`))) {
				t.Errorf("%s: the page lacks %q", name, word)
			}
		}
	}
}

// troff has nothing to say against any page.
func TestManualPagesAreWellFormed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	if out, code := stdoutOf(t, []string{"nixproc", "man", dir}); code != exitDone || out != "" {
		t.Fatalf("exit code %d: %s", code, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(files) != len(manualPages()) {
		t.Fatalf("%d files were written, %v", len(files), err)
	}
	for _, check := range [][]string{
		{"groff", "-man", "-ww", "-z", "-rCHECKSTYLE=3"},
		{"mandoc", "-T", "lint", "-W", "warning"},
		{"lexgrog"},
	} {
		t.Run(check[0], func(t *testing.T) {
			if _, err := exec.LookPath(check[0]); err != nil {
				t.Skip(err)
			}
			cmd := exec.Command(check[0], append(check[1:], files...)...)
			cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
			out, err := cmd.CombinedOutput()
			for line := range strings.Lines(string(out)) {
				// Pages are made by the program, and have no date of their own.
				if !strings.Contains(line, "missing date") && !strings.Contains(line, ": \"nixproc") {
					t.Error(line)
				}
			}
			if check[0] == "lexgrog" && err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
