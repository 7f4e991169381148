package render

import (
	"fmt"
	"strings"
	"testing"

	"nixproc/lib/model"
)

// Any values at all give parameters that cygrunsrv takes as they were meant.
func FuzzCygrunsrv(f *testing.F) { fuzzedCygrunsrv.fuzz(f) }

var fuzzedCygrunsrv = fuzzed{
	model: func(t *testing.T, p random) model.Model {
		return modelWith(t, "cygrunsrv", cygrunsrvSettings{Prefix: "nix-process-"}, cygrunsrvSpec{
			DisplayName: p.description, Path: "/bin/x", Args: []string{p.argument, "last"}, Type: "auto",
			Environment: map[string]string{p.variable: p.value}, Stdout: &p.directory, TerminateSignal: "TERM",
		})
	},
	file: "nix-process-x-cygrunsrvparams",
	says: func(p random) map[string]string {
		return map[string]string{
			"--path": "/bin/x", "--disp": p.description, "--stdout": p.directory,
			"--args": fmt.Sprintf("%q", []string{p.argument, "last"}), "variable " + p.variable: p.value,
		}
	},
	read: readParameters,
	mayRefuse: func(p random) bool {
		for _, s := range []string{p.description, p.directory, p.argument, p.variable, p.value} {
			if strings.Contains(s, "\n") {
				return true
			}
		}
		return strings.Contains(p.argument, "'") && strings.Contains(p.argument, `"`) ||
			p.variable == "" || p.variable[0] == '\'' || strings.Contains(p.variable, "=")
	},
}

// readParameters reads options, each with its value on the next line.
func readParameters(text string) (map[string]string, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines)%2 != 0 {
		return nil, fmt.Errorf("there are %d lines", len(lines))
	}
	found := map[string]string{}
	for ; len(lines) > 0; lines = lines[2:] {
		name, value := lines[0], lines[1]
		switch name {
		case "--args":
			value = fmt.Sprintf("%q", splitAsCygrunsrv(value))
		case "--env":
			variable, rest, _ := strings.Cut(value, "=")
			name, value = "variable "+variable, rest
		}
		if _, again := found[name]; again {
			return nil, fmt.Errorf("%s comes twice", name)
		}
		found[name] = value
	}
	return found, nil
}

// splitAsCygrunsrv is how cygrunsrv itself splits the arguments of a service.
func splitAsCygrunsrv(text string) (words []string) {
	for i := 0; i < len(text); i++ {
		if text[i] == ' ' {
			continue
		}
		stop := byte(' ')
		if text[i] == '\'' || text[i] == '"' {
			stop = text[i]
			i++
		}
		begin := i
		for i < len(text) && text[i] != stop {
			i++
		}
		words = append(words, text[begin:i])
	}
	return words
}
