package main

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

// completionScripts are called as their shells are.
//
//go:embed completion
var completionScripts embed.FS

// completion prints the script that has a shell complete our command lines.
func completion(_ *session, _ *options, operands []string) error {
	if len(operands) != 1 {
		return usageError{"completion needs the name of a shell: bash, fish or zsh"}
	}
	script, err := completionScripts.ReadFile("completion/" + operands[0])
	if err != nil {
		return usageError{"there is no completion for '" + operands[0] + "': use bash, fish or zsh"}
	}
	var names []string
	for name := range commands() {
		names = append(names, "nixproc-"+name)
	}
	slices.Sort(names)
	fmt.Print(strings.ReplaceAll(string(script), "@commands@", strings.Join(names, " ")))
	return nil
}
