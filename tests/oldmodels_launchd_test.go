package tests

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"howett.net/plist"
)

var plists = regexp.MustCompile(`^Library/LaunchDaemons/.*\.plist$`)

var launchdDifferences = []difference{
	{
		name:     "plists: how they are written",
		line:     form,
		managers: []string{"launchd"},
		files:    plists,
		change:   plistWords,
		both:     true,
	},
	{
		name:     "plists: the store's volume",
		line:     "a program of the Nix store waits for the store's volume",
		managers: []string{"launchd"},
		files:    plists,
		change:   replacing(`(?m)^(command: )/bin/sh -c /bin/wait4path "\$0" && exec "\$@" \S+/store `, "$1"),
		both:     true,
	},
	{
		name:     "plists: PATH",
		line:     "`path` comes before launchd's own PATH",
		managers: []string{"launchd"},
		files:    plists,
		change:   replacing(`(?m)^(EnvironmentVariables: .*\bPATH:\S+):/usr/bin:/bin:/usr/sbin:/sbin\b`, "$1"),
		both:     true,
	},
	{
		name:     "plists: RunAtLoad",
		line:     "gets `RunAtLoad`",
		managers: []string{"launchd"},
		files:    plists,
		change:   replacing(`(?m)^RunAtLoad: true\n`, ""),
		both:     true,
	},
	{
		name:     "plists: one proxy for all",
		line:     oneProxy,
		managers: []string{"launchd"},
		files:    plists,
		change:   proxies,
		both:     true,
	},
	{
		name:     "plists: what the initialization makes is gone to after it",
		line:     "a directory that the initialization makes is gone to after it",
		managers: []string{"launchd"},
		files:    plists,
		change:   replacing(`(?m)^WorkingDirectory: (.*)\n((?s:.*)PROXY initialize="[^"].* directory=)""`, `$2"$1"`),
	},
}

// plistWords says line by line what a plist says.
func plistWords(text string) string {
	values := map[string]any{}
	if _, err := plist.Unmarshal([]byte(text), &values); err != nil {
		return text
	}
	command := fmt.Sprint(values["Program"])
	if words, is := values["ProgramArguments"].([]any); is {
		if len(words) == 0 || words[0] != values["Program"] {
			return text
		}
		var all []string
		for _, word := range words {
			all = append(all, fmt.Sprint(word))
		}
		command = strings.Join(all, " ")
	}
	delete(values, "Program")
	delete(values, "ProgramArguments")
	var lines strings.Builder
	for _, key := range slices.Backward(slices.Sorted(maps.Keys(values))) {
		fmt.Fprintf(&lines, "%s: %v\n", key, values[key])
	}
	fmt.Fprintf(&lines, "command: %s\n", command)
	return lines.String()
}
