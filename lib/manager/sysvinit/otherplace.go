package sysvinit

import (
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"nixproc/lib/quote"
)

// FollowPIDFile is a shell command that waits for a while until there is a pid
// file in either of two places; if it is in the other one, and ours, its place
// becomes a link to that.
func FollowPIDFile(place, other string) string {
	return fmt.Sprintf("{ n=0; until [ -e %[1]s ] || [ -e %[2]s ] || [ $n -ge 20 ]; do n=$((n + 1)); sleep 0.1; done; [ -e %[1]s ] || [ ! -O %[2]s ] || ln -sf %[2]s %[1]s; }",
		quote.Shell(place), quote.Shell(other))
}

// followed gives what comes before a FollowPIDFile, which changes nothing about
// the process that was started.
func followed(both *syntax.BinaryCmd) (before *syntax.Stmt, is bool) {
	block, is := both.Y.Cmd.(*syntax.Block)
	if !is || both.Op != syntax.AndStmt {
		return nil, false
	}
	var words []string
	syntax.Walk(block, func(node syntax.Node) bool {
		if call, is := node.(*syntax.CallExpr); is && len(call.Args) == 4 && call.Args[0].Lit() == "ln" {
			for _, arg := range call.Args[2:] {
				text, _ := literal(arg)
				words = append(words, text)
			}
		}
		return true
	})
	if len(words) != 2 {
		return nil, false
	}
	ours, err := syntax.NewParser().Parse(strings.NewReader(FollowPIDFile(words[1], words[0])), "")
	return both.X, err == nil && printed(ours.Stmts[0]) == printed(both.Y)
}
