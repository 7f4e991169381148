package sysvinit

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// script is what an init script does. Commands that mean the same to a shell are
// the same words, as far as that is easy to see: any doubt makes them different.
type script struct {
	variables    []words // sorted
	preparations []words // what else comes before any activity
	activities   map[string][]words
}

// words of a command: in quotes what is taken as it is, without them what a shell
// expands. A command that is more than words is one.
type words []string

func equal(a, b []words) bool {
	return slices.EqualFunc(a, b, func(a, b words) bool { return slices.Equal(a, b) })
}

// sayings are the shell functions that only tell what is done.
var sayings = []string{`"log_info_msg"`, `"evaluate_retval"`}

// UserVariable tells our shell functions whom the process runs as. The older tools
// have nothing like it, and it says nothing that the commands do not say.
const UserVariable = "_lsb_user"

func setsUser(command syntax.Command) bool {
	call, is := command.(*syntax.CallExpr)
	return is && len(call.Args) == 0 && len(call.Assigns) == 1 && call.Assigns[0].Name.Value == UserVariable
}

func readScript(content []byte, name string) (script, error) {
	s := script{activities: map[string][]words{}}
	parsed, err := syntax.NewParser().Parse(bytes.NewReader(content), name)
	if err != nil {
		return s, err
	}
	for i, statement := range parsed.Stmts {
		switch command := statement.Cmd.(type) {
		case *syntax.CaseClause:
			for _, item := range command.Items {
				for _, pattern := range item.Patterns {
					name, _ := literal(pattern)
					s.activities[name] = append(s.activities[name], commands(item.Stmts)...)
				}
			}
		case *syntax.DeclClause:
			s.variables = append(s.variables, commands([]*syntax.Stmt{statement})...)
		default:
			if setsUser(command) {
				continue
			}
			// The first is for our shell functions, or those of the older tools,
			// which have another path in each version.
			if all := commands([]*syntax.Stmt{statement}); i > 0 || len(all) == 0 || all[0][0] != `"."` {
				s.preparations = append(s.preparations, all...)
			}
		}
	}
	slices.SortFunc(s.variables, func(a, b words) int { return slices.Compare(a, b) })
	return s, nil
}

func commands(statements []*syntax.Stmt) []words {
	var all []words
	for _, statement := range statements {
		simple := !statement.Negated && !statement.Background && len(statement.Redirs) == 0
		switch command := statement.Cmd.(type) {
		case *syntax.CallExpr:
			if simple && len(command.Assigns) == 0 {
				if line := wordsOf(command.Args); !slices.Contains(sayings, line[0]) {
					all = append(all, becoming(line))
				}
				continue
			}
		case *syntax.BinaryCmd:
			if before, is := followed(command); is && simple {
				all = append(all, commands([]*syntax.Stmt{before})...)
				continue
			}
		case *syntax.DeclClause:
			if !simple || len(command.Args) != 1 {
				break
			}
			if assignment := command.Args[0]; assignment.Name != nil && assignment.Value != nil && assignment.Index == nil && !assignment.Append {
				all = append(all, words{command.Variant.Value, assignment.Name.Value, value(assignment.Value)})
				continue
			}
		}
		all = append(all, words{printed(statement)})
	}
	return all
}

// becoming takes off what is different in how su(1) is called: older scripts
// looked for its path, ours name the shell. The command line that it runs is
// compared as such.
func becoming(line words) words {
	at := slices.IndexFunc(line, func(word string) bool { return word == `"su"` || word == "$(type -p su)" })
	if at < 0 || at+3 >= len(line) {
		return line
	}
	rest := line[at+2:]
	if rest[0] == `"-s"` {
		rest = rest[2:]
	}
	if len(rest) != 2 || rest[0] != `"-c"` {
		return line
	}
	text, is := unquoted(rest[1])
	if !is {
		return line
	}
	inner, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	if err != nil {
		return line
	}
	return slices.Concat(line[:at], words{"su", line[at+1]}, slices.Concat(commands(inner.Stmts)...))
}

func unquoted(word string) (text string, is bool) {
	text, err := strconv.Unquote(word)
	return text, err == nil
}

func wordsOf(all []*syntax.Word) words {
	texts := make(words, len(all))
	for i, word := range all {
		if text, is := literal(word); is {
			texts[i] = strconv.Quote(text)
		} else {
			texts[i] = printed(word)
		}
	}
	return texts
}

// literal is what a word is to a shell that has nothing to expand in it.
func literal(word *syntax.Word) (text string, is bool) {
	for _, part := range word.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			// \' is how a quote gets into a word in quotes.
			plain := strings.ReplaceAll(part.Value, `\'`, `'`)
			if strings.ContainsAny(plain, `\*?[]{}~`) {
				return "", false
			}
			text += plain
		case *syntax.SglQuoted:
			if part.Dollar {
				return "", false
			}
			text += part.Value
		case *syntax.DblQuoted:
			inner, is := literal(&syntax.Word{Parts: part.Parts})
			if !is || part.Dollar || strings.Contains(inner, "'") {
				return "", false
			}
			text += inner
		default:
			return "", false
		}
	}
	return text, true
}

// value is what is assigned: a variable is the same there with quotes around it
// and without.
func value(word *syntax.Word) string {
	var text string
	for _, part := range word.Parts {
		if quoted, is := part.(*syntax.DblQuoted); is && len(quoted.Parts) == 1 && !quoted.Dollar {
			if variable, is := quoted.Parts[0].(*syntax.ParamExp); is {
				part = variable
			}
		}
		one := &syntax.Word{Parts: []syntax.WordPart{part}}
		if literal, is := literal(one); is {
			text += literal
		} else {
			text += "\x00" + printed(one) + "\x00"
		}
	}
	return text
}

func printed(node syntax.Node) string {
	var b strings.Builder
	if err := syntax.NewPrinter().Print(&b, node); err != nil {
		return "\x00" + err.Error()
	}
	return b.String()
}

// pidFile is what stopping the process goes by, and the program. It is certain if
// the process is started with that file as well.
func (s script) pidFile() (file, program string, certain bool) {
	for _, line := range slices.Concat(s.activities["stop"], s.activities["status"]) {
		if len(line) < 4 || line[0] != `"killproc"` && line[0] != `"statusproc"` || line[1] != `"-p"` {
			continue
		}
		var isFile, isProgram bool
		file, isFile = unquoted(line[2])
		program, isProgram = unquoted(line[3])
		if !isFile || !isProgram {
			return "", "", false
		}
		for _, start := range s.activities["start"] {
			for i := range start[1:] {
				given := start[i] == `"--pidfile"` || start[i] == `"-p"` && start[0] == `"start_daemon"`
				certain = certain || given && start[i+1] == line[2]
			}
		}
		return file, program, certain
	}
	return "", "", false
}
