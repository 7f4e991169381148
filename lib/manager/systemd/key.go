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
		name = strings.Trim(name, blanks)
		if section == "[Install]" || section == "[Unit]" && slices.Contains(indifferent, name) {
			continue
		}
		sections[section] = append(sections[section], name+"="+strings.Trim(value, blanks))
	}
	for _, lines := range sections {
		slices.SortStableFunc(lines, func(a, b string) int {
			first, _, _ := strings.Cut(a, "=")
			second, _, _ := strings.Cut(b, "=")
			return strings.Compare(first, second)
		})
		begin := slices.IndexFunc(lines, setsVariables)
		if begin >= 0 {
			end := begin
			for end < len(lines) && setsVariables(lines[end]) {
				end++
			}
			if variables := lines[begin:end]; unordered(variables) {
				slices.SortStableFunc(variables, strings.Compare)
			}
		}
	}
	return sections
}

const environment = "Environment="

func setsVariables(line string) bool { return strings.HasPrefix(line, environment) }

// unordered says whether lines that set variables mean the same in any order:
// each sets one, another one than the others. (An empty line forgets those before
// it.)
func unordered(lines []string) bool {
	set := map[string]bool{}
	for _, line := range lines {
		value := strings.TrimPrefix(line, environment)
		unquoted := strings.Trim(value, `"'`)
		name, _, _ := strings.Cut(unquoted, "=")
		if name == "" || set[name] || strings.ContainsAny(unquoted, `"'`) || unquoted == value && strings.ContainsAny(value, " \t") {
			return false
		}
		set[name] = true
	}
	return true
}

// blanks are what systemd takes for one; there are more in Unicode.
const blanks = " \t\r\n"

// logicalLines are the lines without comments, trimmed; one that ends in a
// backslash goes on in the next.
func logicalLines(text string) []string {
	var lines []string
	pending := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		trimmed := strings.TrimLeft(line, blanks)
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			continue
		}
		slashes := len(line) - len(strings.TrimRight(line, `\`))
		if slashes%2 == 1 {
			pending += strings.TrimSuffix(line, `\`) + " "
			continue
		}
		if line = strings.Trim(pending+line, blanks); line != "" {
			lines = append(lines, line)
		}
		pending = ""
	}
	if pending = strings.Trim(pending, blanks); pending != "" {
		lines = append(lines, pending) // the file ends within a line
	}
	return lines
}
