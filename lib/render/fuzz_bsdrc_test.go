package render

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"

	"nixproc/lib/model"
)

// Any values at all give a script that a shell can parse, that sets what rc.subr
// knows and nothing else, and that rc.subr evaluates to what was asked for.
func FuzzBsdrc(f *testing.F) { fuzzedBsdrc.fuzz(f) }

var fuzzedBsdrc = fuzzed{
	model: func(t *testing.T, p random) model.Model {
		return modelWith(t, "bsdrc", bsdrcSettings{RCSubr: "./rc.subr", DefaultReloadSignal: "HUP", DefaultStopSignal: "TERM", BuiltinCommands: []string{"start"}}, bsdrcSpec{
			Words: []string{"/bin/x", "y"}, Procname: text("/bin/x"), PIDFile: text("/" + p.description), Directory: text("/" + p.directory),
			Environment: map[string]string{"V_" + p.variable: p.value}, RCVarsDefaults: map[string]string{"word": p.argument},
			RCVar: text("enabled"), ReloadSignal: "HUP", StopSignal: "INT", Umask: text("022"), Nice: text(strconv.Itoa(p.nice)), User: text("u"),
		})
	},
	file: "etc/rc.d/x",
	says: func(p random) map[string]string {
		return map[string]string{
			"name": "x", "rcvar": "x_enabled", "default x_enabled": "NO", "default x_word": p.argument, "umask": "022",
			"command": "/bin/x", "command_args": "y", "procname": "/bin/x", "pidfile": "/" + p.description, "sig_stop": "INT",
			"x_nice": strconv.Itoa(p.nice), "x_chdir": "/" + p.directory, "x_user": "u", "extra_commands": "reload",
			"variable V_" + p.variable: p.value,
			"start_precmd":             "x_prestart", "lent": "/" + p.description,
		}
	},
	read: readRCScript,
	mayRefuse: func(p random) bool {
		return wrongNice(p.nice) || !regexp.MustCompile(`^[A-Za-z0-9_]*$`).MatchString(p.variable)
	},
	real: runRCScripts,
}

// readRCScript reads a script by a parser of the shell's grammar, and what
// rc.subr(8) evaluates as a shell would.
func readRCScript(script string) (map[string]string, error) {
	// The parser leaves them out. What the real shell makes of them, the seeds show.
	script = strings.ReplaceAll(script, "\r", carriageReturn)
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "script")
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, statement := range file.Stmts {
		if err := readRCStatement(statement.Cmd, found); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"pidfile", "x_chdir"} {
		if found[name] == `"$nixproc_`+name+`"` {
			found[name] = found["nixproc_"+name]
			delete(found, "nixproc_"+name)
		} else if !regexp.MustCompile(`^[A-Za-z0-9@%_+=:,./-]+$`).MatchString(found[name]) {
			return nil, fmt.Errorf("rc.subr would make something else of %s, %q", name, found[name])
		}
	}
	for name, value := range found {
		found[name] = strings.ReplaceAll(value, carriageReturn, "\r")
	}
	return found, nil
}

func readRCStatement(command syntax.Command, found map[string]string) error {
	set := func(kind string, assigns []*syntax.Assign) error {
		for _, assign := range assigns {
			value, err := literal(assign.Value)
			if _, again := found[kind+assign.Name.Value]; again || err != nil {
				return fmt.Errorf("%s is set twice, or not to a text: %w", assign.Name.Value, err)
			}
			found[kind+assign.Name.Value] = value
		}
		return nil
	}
	switch command := command.(type) {
	case *syntax.DeclClause:
		return set("variable ", command.Args)
	case *syntax.FuncDecl:
		switch command.Name.Value {
		case "nixproc_interpreter":
			return nil
		case "x_prestart":
			var err error
			syntax.Walk(command, func(node syntax.Node) bool {
				if call, ok := node.(*syntax.CallExpr); ok && len(call.Args) == 3 && call.Args[0].Lit() == "rm" {
					found["lent"], err = literal(call.Args[2])
				}
				return true
			})
			return err
		}
	case *syntax.BinaryCmd: // [ -n "$x" ] || x=default
		if assign, ok := command.Y.Cmd.(*syntax.CallExpr); ok && command.Op == syntax.OrStmt && len(assign.Args) == 0 {
			return set("default ", assign.Assigns)
		}
	case *syntax.CallExpr:
		if len(command.Args) == 0 {
			return set("", command.Assigns)
		}
		if name := command.Args[0].Lit(); slices.Contains([]string{".", "load_rc_config", "nixproc_interpreter", "run_rc_command"}, name) {
			return nil
		}
		words, err := literals(command.Args)
		switch {
		case err != nil || len(words) != 2:
			return fmt.Errorf("%q has no place in a script: %w", words, err)
		case words[0] == "export": // as POSIX has it
			name, value, _ := strings.Cut(words[1], "=")
			found["variable "+name] = value
			return nil
		case words[0] == "umask":
			found["umask"] = words[1]
			return nil
		}
	}
	return fmt.Errorf("a statement has no place in a script: %T", command)
}

// runRCScripts has a shell run the scripts, with functions in the place of
// rc.subr that tell what they get.
func runRCScripts(t *testing.T, all []written) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	standIn := `load_rc_config() { :; }
run_rc_command() {
	eval "printf '%s\0' $pidfile $procname $x_chdir"
	printf '%s\0' "$command $command_args" "$x_word"
	env -0
}
`
	if err := os.WriteFile(filepath.Join(dir, "rc.subr"), []byte(standIn), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		script := filepath.Join(dir, "script")
		if err := os.WriteFile(script, []byte(one.text), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(shell, script, "start")
		cmd.Dir = dir
		out, err := cmd.Output()
		got := strings.Split(string(out), "\x00")
		want := []string{"/" + one.description, "/bin/x", "/" + one.directory, "/bin/x y", one.argument}
		if err != nil || len(got) < len(want) || !slices.Equal(got[:len(want)], want) || !slices.Contains(got[len(want):], "V_"+one.variable+"="+one.value) {
			t.Errorf("a shell reads %.300q (%v) of %+v", got, err, one.random)
		}
	}
}
