package tests

import (
	"os"
	"regexp"
	"slices"
	"strings"
)

var units = regexp.MustCompile(`^etc/systemd/system/[^/]*\.service$`)

var systemdDifferences = []difference{
	{
		name:     "units: no directories of wants",
		line:     "no directories `NAME.service.wants`",
		managers: []string{"systemd"},
		files:    regexp.MustCompile(`\.service\.wants/`),
		gone:     true,
	},
	{
		name:     "units: the initialization stands in them",
		line:     "the initialization stands in the unit",
		managers: []string{"systemd"},
		files:    units,
		change:   inlinePrestart,
	},
	{
		name:     "units: arguments are quoted for systemd",
		line:     "are quoted for systemd",
		managers: []string{"systemd"},
		files:    units,
		change:   systemdQuotes,
	},
	{
		name:     "units: blank lines, order of sections",
		line:     form,
		managers: []string{"systemd"},
		files:    units,
		change:   sectionsInOrder,
	},
}

var prestart = regexp.MustCompile(`(?m)^ExecStartPre=(\+?)(\S+-prestart)$`)

func inlinePrestart(text string) string {
	return prestart.ReplaceAllStringFunc(text, func(line string) string {
		m := prestart.FindStringSubmatch(line)
		script, body, _ := strings.Cut(fileText(m[2]), "\n")
		if script != "#! /bin/bash -e" {
			return line
		}
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "%", "%%", "$", "$$").Replace(strings.TrimSuffix(body, "\n"))
		return "ExecStartPre=" + m[1] + `/bin/bash -e -c "` + quoted + `"`
	})
}

// fileText is a file's text, or what is wrong with it.
func fileText(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

var (
	plainWord = regexp.MustCompile(`^[\w@%+=:,./-]+$`)
	anyQuoted = regexp.MustCompile(`'([^']*)'`)
)

func systemdQuotes(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "ExecStart="):
			line = anyQuoted.ReplaceAllStringFunc(line, func(word string) string {
				if word = strings.Trim(word, "'"); plainWord.MatchString(word) {
					return word
				}
				return `"` + word + `"`
			})
			lines[i] = strings.TrimSuffix(line, " ")
		case strings.HasPrefix(line, "Environment=") && strings.ContainsAny(line, "; "):
			lines[i] = `Environment="` + strings.TrimPrefix(line, "Environment=") + `"`
		}
	}
	return strings.Join(lines, "\n")
}

// sectionsInOrder puts [Unit] first, and one blank line between sections.
func sectionsInOrder(text string) string {
	var sections []string
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "["):
			sections = append(sections, line)
		case strings.TrimSpace(line) == "":
		case len(sections) > 0:
			sections[len(sections)-1] += line
		}
	}
	slices.SortStableFunc(sections, func(a, b string) int {
		first := func(s string) int {
			if strings.HasPrefix(s, "[Unit]") {
				return 0
			}
			return 1
		}
		return first(a) - first(b)
	})
	return strings.Join(sections, "\n")
}
