package render

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"

	"nixproc/lib/model"
)

// Any values at all give a script that a shell can parse, and that exports and
// starts exactly what was asked for.
func FuzzSysvinit(f *testing.F) { fuzzedSysvinit.fuzz(f) }

var fuzzedSysvinit = fuzzed{
	model: func(t *testing.T, p random) model.Model {
		s := sysvinitOf(p)
		return modelWith(t, "sysvinit", s.Settings, s)
	},
	file: "etc/rc.d/init.d/x",
	says: func(p random) map[string]string {
		return map[string]string{
			"variable " + p.variable: p.value, "directory": p.directory, "user": "user", "expected user": "user",
			"nice": strconv.Itoa(p.nice), "pid file": "/tmp/x y.pid",
			"arguments": fmt.Sprintf("%q", []string{"/bin/x", p.argument, "last"}),
		}
	},
	read: readScript,
	mayRefuse: func(p random) bool {
		return wrongNice(p.nice) || !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(p.variable)
	},
	real: runScripts,
}

func sysvinitOf(p random) sysvinitSpec {
	return spec(func(s *sysvinitSpec) {
		s.InstanceName, s.PIDFile = text("x"), text("/tmp/x y.pid")
		s.Process, s.Args, s.User = text("/bin/x"), []string{p.argument, "last"}, text("user")
		s.Environment = map[string]string{p.variable: p.value}
		s.Directory, s.Description, s.Nice = &p.directory, p.description, text(strconv.Itoa(p.nice))
	})
}

// readScript reads a script by a parser of the shell's grammar.
func readScript(script string) (map[string]string, error) {
	if strings.ContainsRune(script, '\r') {
		// The parser leaves them out. What the real shell makes of them, the
		// seeds show.
		script = strings.ReplaceAll(script, "\r", carriageReturn)
	}
	found := map[string]string{}
	for _, variant := range []syntax.LangVariant{syntax.LangPOSIX, syntax.LangBash} {
		file, err := syntax.NewParser(syntax.Variant(variant)).Parse(strings.NewReader(script), "script")
		if err != nil {
			return nil, err
		}
		clear(found)
		for _, statement := range file.Stmts {
			if err := readStatement(statement.Cmd, found); err != nil {
				return nil, err
			}
		}
	}
	for name, value := range found {
		found[name] = strings.ReplaceAll(value, carriageReturn, "\r")
	}
	return found, nil
}

const carriageReturn = "<carriage return>"

func readStatement(command syntax.Command, found map[string]string) error {
	switch command := command.(type) {
	case *syntax.DeclClause:
		for _, assign := range command.Args {
			value, err := literal(assign.Value)
			if err != nil {
				return err
			}
			found["variable "+assign.Name.Value] = value
		}
		return nil
	case *syntax.CallExpr:
		words, err := literals(command.Args)
		switch {
		case err != nil:
			return err
		case len(words) == 0 && len(command.Assigns) == 1 && command.Assigns[0].Name.Value == "_lsb_user":
			found["expected user"], err = literal(command.Assigns[0].Value)
			return err
		case len(words) == 2 && words[0] == ".":
			return nil
		case len(words) == 2 && words[0] == "export": // as POSIX has it
			name, value, _ := strings.Cut(words[1], "=")
			found["variable "+name] = value
			return nil
		}
	case *syntax.CaseClause:
		for _, item := range command.Items {
			if name, err := literal(item.Patterns[0]); err == nil && name == "start" {
				return readStart(item.Stmts, found)
			}
		}
	}
	return fmt.Errorf("a statement has no place in a script: %T", command)
}

// readStart reads: log_info_msg TEXT; cd DIRECTORY && start_daemon -f -p FILE -n
// NICE su USER -s SHELL -c COMMAND; evaluate_retval.
func readStart(statements []*syntax.Stmt, found map[string]string) error {
	if len(statements) != 3 {
		return fmt.Errorf("there are %d statements to start it", len(statements))
	}
	both, ok := statements[1].Cmd.(*syntax.BinaryCmd)
	if !ok || both.Op != syntax.AndStmt {
		return errors.New("no directory is entered")
	}
	enter, err := call(both.X.Cmd)
	if err != nil || len(enter) != 2 || enter[0] != "cd" {
		return fmt.Errorf("to enter the directory: %q, %w", enter, err)
	}
	start, err := call(both.Y.Cmd)
	if err != nil || len(start) != 12 || !slices.Equal(start[:3], []string{"start_daemon", "-f", "-p"}) ||
		start[4] != "-n" || start[6] != "su" || !slices.Equal(start[8:11], []string{"-s", "/bin/sh", "-c"}) {
		return fmt.Errorf("to start it: %q, %w", start, err)
	}
	inner, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(start[11]), "command")
	if err != nil || len(inner.Stmts) != 1 {
		return fmt.Errorf("the command of su: %q, %w", start[11], err)
	}
	arguments, err := call(inner.Stmts[0].Cmd)
	found["directory"], found["pid file"], found["nice"], found["user"] = enter[1], start[3], start[5], start[7]
	for i, argument := range arguments {
		arguments[i] = strings.ReplaceAll(argument, carriageReturn, "\r")
	}
	found["arguments"] = fmt.Sprintf("%q", arguments)
	return err
}

func call(command syntax.Command) ([]string, error) {
	expr, ok := command.(*syntax.CallExpr)
	if !ok || len(expr.Assigns) > 0 {
		return nil, fmt.Errorf("%T is no plain call", command)
	}
	return literals(expr.Args)
}

func literals(words []*syntax.Word) ([]string, error) {
	var texts []string
	for _, word := range words {
		text, err := literal(word)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// literal is what a word means that no expansion changes.
func literal(word *syntax.Word) (string, error) {
	var text strings.Builder
	for _, part := range word.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			escaped := false
			for _, r := range part.Value {
				switch {
				case !escaped && r == '\\':
					escaped = true
					continue
				case !escaped && strings.ContainsRune("*?[~", r):
					return "", fmt.Errorf("the shell would expand %q", part.Value)
				}
				escaped = false
				text.WriteRune(r)
			}
		case *syntax.SglQuoted:
			text.WriteString(part.Value)
		default:
			return "", fmt.Errorf("the shell would expand a %T", part)
		}
	}
	return text.String(), nil
}

// runScripts has shells run the scripts, with functions that tell what they get.
func runScripts(t *testing.T, all []written) {
	for _, one := range all {
		s := sysvinitOf(one.random)
		s.Settings.InitialInstructions = text(`
log_info_msg() { :; }
evaluate_retval() { :; }
cd() { printf '%s\0' "$1"; }
start_daemon() { eval "set -- ${11}"; printf '%s\0' "$@"; env -0; }`)
		profile, err := Render(modelWith(t, "sysvinit", s.Settings, s))
		if err != nil {
			t.Fatal(err)
		}
		script := string(profile.Files["etc/rc.d/init.d/x"].Content)
		for _, shell := range []string{"sh", "bash"} {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skip(err)
			}
			out, err := exec.Command(shell, "-c", script, "x", "start").Output()
			words := strings.Split(string(out), "\x00")
			want := []string{one.directory, "/bin/x", one.argument, "last"}
			if err != nil || len(words) < len(want) || !slices.Equal(words[:len(want)], want) || !slices.Contains(words[len(want):], one.variable+"="+one.value) {
				t.Errorf("%s got %.300q (%v) of %+v", shell, words, err, one.random)
			}
		}
	}
}
