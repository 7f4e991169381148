package systemd

import (
	"maps"
	"slices"
	"strings"
)

// indifferent are the properties of [Unit] that neither a running process nor
// stopping it depends on.
var indifferent = []string{"Description", "Documentation", "Wants", "After", "Before"}

// Key is what of a unit file (systemd.syntax(7)) a running process depends on,
// in a form that is the same for files that mean the same: without comments,
// blank lines, the description, the order among units and what is only read to
// enable the unit; sections and properties sorted. Lines that set the same
// property keep their order.
func Key(text string) string {
	sections := sectionsOf(text)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		b.WriteString(name + "\n" + strings.Join(sections[name], "\n") + "\n")
	}
	return b.String()
}

// sectionsOf are the lines that count, as Key sorts them, by section.
func sectionsOf(text string) map[string][]string {
	sections := map[string][]string{}
	section := ""
	for _, line := range logicalLines(text) {
		if strings.HasPrefix(line, "[") {
			section = line
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if section == "[Install]" || section == "[Unit]" && slices.Contains(indifferent, name) {
			continue
		}
		sections[section] = append(sections[section], name+"="+strings.TrimSpace(value))
	}
	for _, lines := range sections {
		slices.SortStableFunc(lines, func(a, b string) int {
			first, _, _ := strings.Cut(a, "=")
			second, _, _ := strings.Cut(b, "=")
			return strings.Compare(first, second)
		})
		// The variables of a process have no order.
		variables := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "Environment=") })
		if variables >= 0 {
			end := variables
			for end < len(lines) && strings.HasPrefix(lines[end], "Environment=") {
				end++
			}
			slices.SortStableFunc(lines[variables:end], strings.Compare)
		}
	}
	return sections
}

// logicalLines are the lines without comments, trimmed; one that ends in a
// backslash goes on in the next.
func logicalLines(text string) []string {
	var lines []string
	pending := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		trimmed := strings.TrimLeft(line, " \t")
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			continue
		}
		slashes := len(line) - len(strings.TrimRight(line, `\`))
		if slashes%2 == 1 {
			pending += strings.TrimSuffix(line, `\`) + " "
			continue
		}
		if line = strings.TrimSpace(pending + line); line != "" {
			lines = append(lines, line)
		}
		pending = ""
	}
	return lines
}
