package sysvinit

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// script is what an init script does, a text for each command. Commands that
// mean the same to a shell are the same text, as far as that is easy to see: any
// doubt makes them different.
type script struct {
	variables    []string // sorted
	preparations []string // what else comes before any activity
	activities   map[string][]string
}

// sayings are the shell functions that only tell what is done.
var sayings = []string{`"log_info_msg"`, `"evaluate_retval"`}

func readScript(file string) (script, error) {
	s := script{activities: map[string][]string{}}
	content, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	parsed, err := syntax.NewParser().Parse(bytes.NewReader(content), filepath.Base(file))
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
			// The first is for our shell functions, or those of the older tools,
			// which have another path in each version.
			if lines := commands([]*syntax.Stmt{statement}); i > 0 || len(lines) == 0 || !strings.HasPrefix(lines[0], `"." `) {
				s.preparations = append(s.preparations, lines...)
			}
		}
	}
	slices.Sort(s.variables)
	return s, nil
}

func commands(statements []*syntax.Stmt) []string {
	var lines []string
	for _, statement := range statements {
		simple := !statement.Negated && !statement.Background && len(statement.Redirs) == 0
		switch command := statement.Cmd.(type) {
		case *syntax.CallExpr:
			if words := texts(command.Args); simple && len(command.Assigns) == 0 {
				if !slices.Contains(sayings, words[0]) {
					lines = append(lines, strings.Join(becoming(words), " "))
				}
				continue
			}
		case *syntax.DeclClause:
			if simple && len(command.Args) == 1 && command.Args[0].Value != nil && command.Args[0].Index == nil && !command.Args[0].Append {
				assignment := command.Args[0]
				lines = append(lines, command.Variant.Value+" "+assignment.Name.Value+"="+strconv.Quote(value(assignment.Value)))
				continue
			}
		}
		lines = append(lines, printed(statement))
	}
	return lines
}

// becoming takes off what is different in how su(1) is called: older scripts
// looked for its path, ours name the shell. The command line that it runs is
// compared as such.
func becoming(words []string) []string {
	at := slices.IndexFunc(words, func(word string) bool { return word == `"su"` || word == "$(type -p su)" })
	if at < 0 || at+3 >= len(words) {
		return words
	}
	rest := words[at+2:]
	if rest[0] == `"-s"` {
		rest = rest[2:]
	}
	if len(rest) != 2 || rest[0] != `"-c"` {
		return words
	}
	line, err := strconv.Unquote(rest[1])
	if err != nil {
		return words // it is expanded
	}
	inner, err := syntax.NewParser().Parse(strings.NewReader(line), "")
	if err != nil {
		return words
	}
	return slices.Concat(words[:at], []string{"su", words[at+1]}, commands(inner.Stmts))
}

// texts are the words of a command: in quotes what is taken as it is, without
// them what a shell expands.
func texts(words []*syntax.Word) []string {
	all := make([]string, len(words))
	for i, word := range words {
		if text, is := literal(word); is {
			all[i] = strconv.Quote(text)
		} else {
			all[i] = printed(word)
		}
	}
	return all
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
