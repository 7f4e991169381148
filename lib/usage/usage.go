// Package usage reads the help texts of commands, which are written by hand, so
// that completion and manual pages say what they say, and nothing has to be
// written twice. It knows the form of such a text, not what the commands do.
package usage

import (
	"regexp"
	"strings"
)

// Text is a help text in its parts.
type Text struct {
	// Synopsis has a line for each way to call the command.
	Synopsis []string

	// Sections are in the order of the text. One without a title is what stands
	// under no heading.
	Sections []Section
}

// Section is what stands under one heading.
type Section struct {
	Title  string // "Options", without what the heading says besides
	Blocks []Block
}

// Block is one of a paragraph, an entry of a list, and lines to be left as they
// are.
type Block struct {
	Term     string   // of an entry: -p, --profile=NAME
	Text     string   // of an entry or a paragraph, in one line
	Verbatim []string // without the indentation that all of them have
}

var (
	// A heading says what it is about before the colon: "Environment (an option
	// beats it):", "Example: make ids.nix".
	heading = regexp.MustCompile(`^(Options|Examples?|Environment|Exit codes?|(?:All c|C)ommands)( \(.*\))?:(.*)$`)
	call    = regexp.MustCompile(`^(?:Usage| +or): *(.*)$`)

	// What an entry begins with; behind it comes what is said of that.
	term = regexp.MustCompile(`^((?:-[A-Za-z], )?--[a-z][a-z0-9-]*(?:=\S+)?|[A-Z][A-Z0-9]*_[A-Z0-9_=]+(?:, [A-Z][A-Z0-9_]+)*,?|[0-9]+|\S+(?: \S+)*)(?: +|$)`)
)

// explained is how far a line is indented that goes on about an entry.
const explained = 8

// Parse takes a help text apart.
func Parse(text string) Text {
	var t Text
	t.section("")
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		indented := i+1 < len(lines) && strings.HasPrefix(lines[i+1], " ")
		switch found := heading.FindStringSubmatch(line); {
		case call.MatchString(line):
			t.Synopsis = append(t.Synopsis, call.FindStringSubmatch(line)[1])
		case found != nil:
			t.section(found[1])
			said := []string{strings.TrimSpace(found[3])}
			for ; !indented && i+1 < len(lines) && lines[i+1] != ""; i++ {
				said = append(said, lines[i+1])
			}
			for _, text := range []string{strings.Trim(found[2], " ()"), strings.TrimSpace(strings.Join(said, " "))} {
				if text != "" {
					t.add(Block{Text: sentence(text)})
				}
			}
		case strings.HasSuffix(line, ":") && !strings.HasPrefix(line, " ") && indented:
			t.section(strings.TrimSuffix(line, ":"))
		case strings.HasPrefix(line, " "):
			i = t.indented(lines, i) - 1
		case line != "":
			if t.current().Title != "" {
				t.section("")
			}
			i = t.paragraph(lines, i) - 1
		}
	}
	return t
}

func (t *Text) section(title string) { t.Sections = append(t.Sections, Section{Title: title}) }

func (t *Text) current() *Section { return &t.Sections[len(t.Sections)-1] }

func (t *Text) add(b Block) { t.current().Blocks = append(t.current().Blocks, b) }

// paragraph reads the lines from i on, up to the next that is empty or
// indented, and gives its index.
func (t *Text) paragraph(lines []string, i int) int {
	var words []string
	for ; i < len(lines) && lines[i] != "" && lines[i][0] != ' '; i++ {
		words = append(words, lines[i])
	}
	if len(words) > 0 {
		t.add(Block{Text: strings.Join(words, " ")})
	}
	return i
}

// indented reads the indented lines from i on.
func (t *Text) indented(lines []string, i int) int {
	section := t.current()
	list := section.Title != "" && !strings.HasPrefix(section.Title, "Example")
	var verbatim []string
	for ; i < len(lines) && strings.HasPrefix(lines[i], " "); i++ {
		if list {
			section.entry(lines[i])
		} else {
			verbatim = append(verbatim, lines[i])
		}
	}
	if verbatim != nil {
		t.add(Block{Verbatim: flush(verbatim)})
	}
	return i
}

// entry adds a line of a list.
func (s *Section) entry(line string) {
	text := strings.TrimLeft(line, " ")
	var last *Block
	if n := len(s.Blocks); n > 0 && s.Blocks[n-1].Term != "" {
		last = &s.Blocks[n-1]
	}
	if last != nil && len(line)-len(text) >= explained {
		last.Text = strings.TrimSpace(last.Text + " " + text)
		return
	}
	name := strings.TrimSpace(term.FindString(text))
	if !strings.HasPrefix(name, "-") && strings.Contains(text, "  ") && !strings.HasSuffix(name, ",") {
		name, _, _ = strings.Cut(text, "  ")
	}
	said := strings.TrimSpace(strings.TrimPrefix(text, name))
	if last != nil && last.Text == "" && strings.HasSuffix(last.Term, ",") {
		last.Term, last.Text = last.Term+" "+name, said
		return
	}
	s.Blocks = append(s.Blocks, Block{Term: name, Text: said})
}

// flush takes the indentation away that all lines have.
func flush(lines []string) []string {
	least := len(lines[0])
	for _, line := range lines {
		least = min(least, len(line)-len(strings.TrimLeft(line, " ")))
	}
	for i := range lines {
		lines[i] = lines[i][least:]
	}
	return lines
}

// sentence begins with a capital letter and ends in a full stop.
func sentence(text string) string {
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// Summary is the beginning of the text's first sentence: what a list of
// commands says of this one.
func (t Text) Summary() string {
	for _, section := range t.Sections {
		for _, block := range section.Blocks {
			if section.Title == "" && block.Text != "" {
				return summary(block.Text)
			}
		}
	}
	return ""
}

var endOfSentence = regexp.MustCompile(`[.:;]( |$)`)

func summary(text string) string {
	if end := endOfSentence.FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	text = strings.TrimPrefix(text, "nixproc ")
	return strings.ToLower(text[:1]) + text[1:]
}
