package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// The help of each command goes to stdout, mentions every option that it has
// and none that it has not, and fits on a terminal.
func TestHelp(t *testing.T) {
	for name, command := range commands() {
		t.Run(name, func(t *testing.T) {
			for _, ask := range []string{"--help", "-h", "--he"} {
				out, code := stdoutOf(t, []string{"nixproc", name, ask})
				if code != exitDone || out != command.help() {
					t.Fatalf("%s: exit code %d, %d bytes on stdout, want 0 and the help (%d bytes)", ask, code, len(out), len(command.help()))
				}
			}
			flagsOf(command.set).VisitAll(func(flag *pflag.Flag) {
				mentioned := strings.Contains(command.help(), "--"+flag.Name)
				if alias := aliases[flag.Name] != ""; mentioned == alias {
					t.Errorf("--%s: mentioned is %v, alias is %v", flag.Name, mentioned, alias)
				}
				if flag.Shorthand != "" && !strings.Contains(command.help(), "-"+flag.Shorthand+", --"+flag.Name) {
					t.Errorf("-%s is not mentioned beside --%s", flag.Shorthand, flag.Name)
				}
			})
			checkText(t, command.help())
			checkOffered(t, command)
		})
	}
}

func TestOverview(t *testing.T) {
	for _, args := range [][]string{{"nixproc"}, {"nixproc", "help"}, {"nixproc", "--help"}} {
		out, code := stdoutOf(t, args)
		if code != exitDone || out != overview() {
			t.Errorf("%q: exit code %d and %q", args, code, out)
		}
	}
	if out, code := stdoutOf(t, []string{"nixproc", "help", "switch"}); code != exitDone || out != commands()["switch"].help() {
		t.Errorf("help switch: exit code %d and %q", code, out)
	}
	if message, code := stderrOf(t, []string{"nixproc", "help", "nonsense"}); code != exitUsage || !strings.Contains(message, `no command "nonsense"`) {
		t.Errorf("help nonsense: exit code %d and %q", code, message)
	}
	checkText(t, overview())
	for name := range commands() {
		if !strings.Contains(overview(), "\n  nixproc "+name+"\n") {
			t.Errorf("the overview does not list %s", name)
		}
	}
}

// checkText looks at the form of a help text.
func checkText(t *testing.T, text string) {
	t.Helper()
	for i, line := range strings.Split(text, "\n") {
		if len([]rune(line)) > 80 {
			t.Errorf("line %d has %d columns: %s", i+1, len([]rune(line)), line)
		}
		if strings.TrimRight(line, " \t") != line || strings.Contains(line, "\t") || strings.Contains(line, "{{") {
			t.Errorf("line %d has blanks at its end, a tab, or a part of a template: %q", i+1, line)
		}
	}
	if !strings.HasSuffix(text, "\n") {
		t.Error("the last line has no end")
	}
}

// checkOffered looks for options at the beginnings of the help's lines that the
// command does not have.
func checkOffered(t *testing.T, command command) {
	t.Helper()
	flags := flagsOf(command.set)
	for line := range strings.Lines(command.help()) {
		text := strings.TrimSpace(line)
		if len(text) > 4 && text[0] == '-' && text[1] != '-' && text[2:4] == ", " {
			text = text[4:]
		}
		name, ok := strings.CutPrefix(text, "--")
		if !ok {
			continue
		}
		name = name[:strings.IndexAny(name+" ", "= \n,")]
		if flags.Lookup(name) == nil {
			t.Errorf("the help offers --%s, which the command does not have", name)
		}
	}
}

// stdoutOf runs the program in this process and gives what it printed.
func stdoutOf(t *testing.T, args []string) (string, int) {
	t.Helper()
	return captured(t, &os.Stdout, args)
}

func captured(t *testing.T, stream **os.File, args []string) (string, int) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := *stream
	*stream = file
	code := Main(args)
	*stream = before
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), code
}
