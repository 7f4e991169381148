package usage

import (
	"fmt"
	"regexp"
	"strings"
)

// Page is what a manual page has besides the help text.
type Page struct {
	Name    string // of the page: nixproc-boot
	Version string
	SeeAlso []string // names of other pages, in their order
}

// Manual makes a manual page of a help text, for section 1, in the macros of
// man(7).
func (t Text) Manual(p Page) []byte {
	var r roff
	r.line(".TH %s 1 \"\" \"%s\"", escape(strings.ToUpper(p.Name)), escape("nixproc "+p.Version))
	r.line(".nh\n.ad l") // names of options are not to be broken
	r.line(".SH NAME")
	r.line("%s \\- %s", escape(p.Name), escape(t.Summary()))
	r.line(".SH SYNOPSIS")
	for i, way := range t.Synopsis {
		if i > 0 {
			r.line(".br")
		}
		r.text(way)
	}
	parts := map[string]*roff{}
	for _, heading := range headings {
		parts[heading] = &roff{}
	}
	for _, section := range t.Sections {
		heading, own := belongs(section)
		part := parts[heading]
		if own {
			part.line(".SS %s", escape(section.Title))
			part.headed = true
		}
		part.blocks(section.Blocks)
	}
	for _, heading := range headings {
		if parts[heading].Len() > 0 {
			r.line(".SH %s", heading)
			r.WriteString(parts[heading].String())
		}
	}
	r.line(".SH SEE ALSO")
	for i, name := range p.SeeAlso {
		comma := ","
		if i == len(p.SeeAlso)-1 {
			comma = ""
		}
		r.line(".BR %s (1)%s", escape(name), comma)
	}
	return []byte(r.String())
}

// headings of a manual page, in their usual order (man-pages(7)).
var headings = []string{"DESCRIPTION", "COMMANDS", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES"}

// belongs says where a section belongs, and whether it needs its own title there.
func belongs(s Section) (heading string, own bool) {
	switch strings.TrimSuffix(s.Title, "s") {
	case "":
		return "DESCRIPTION", false
	case "Command":
		return "COMMANDS", false
	case "Option":
		return "OPTIONS", false
	case "Environment":
		return "ENVIRONMENT", false
	case "Exit code":
		return "EXIT STATUS", false
	case "Example":
		return "EXAMPLES", false
	}
	if len(s.Blocks) > 0 && strings.HasPrefix(s.Blocks[0].Term, "-") {
		return "OPTIONS", true
	}
	return "DESCRIPTION", true
}

// roff is text for troff.
type roff struct {
	strings.Builder
	headed bool // the last line is a heading
}

func (r *roff) line(format string, args ...any) { fmt.Fprintf(r, format+"\n", args...) }

// text is a line that is filled.
func (r *roff) text(text string) { r.line("%s", guarded(escape(text))) }

func (r *roff) blocks(blocks []Block) {
	for _, block := range blocks {
		if block.Term == "" && r.Len() > 0 && !r.headed {
			r.line(".PP")
		}
		r.headed = false
		switch {
		case block.Term != "":
			r.line(".TP\n%s", bold(block.Term))
			r.text(block.Text)
		case block.Verbatim != nil:
			r.line(".nf\n.RS 4")
			for _, line := range block.Verbatim {
				r.text(line)
			}
			r.line(".RE\n.fi")
		default:
			r.text(block.Text)
		}
	}
}

var word = regexp.MustCompile(`^(-[A-Za-z]|--[a-z0-9-]+|[A-Z0-9_]+|[a-z][a-z0-9-]*)`)

// bold prints what is to be typed in bold, and what stands for a value in
// italics: -p, --profile=NAME
func bold(term string) string {
	parts := strings.Split(term, ", ")
	for i, part := range parts {
		name, value, joined := strings.Cut(part, "=")
		if word.MatchString(name) {
			parts[i] = "\\fB" + escape(name) + "\\fR"
		} else {
			parts[i] = escape(name)
		}
		if joined {
			parts[i] += "=\\fI" + escape(value) + "\\fR"
		}
	}
	return strings.Join(parts, ", ")
}

var escapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, `"`, `\(dq`, "~", `\(ti`, "^", `\(ha`)

// escape has troff print text as it is, also within a macro's argument.
func escape(text string) string {
	var b strings.Builder
	for _, r := range escapes.Replace(text) {
		if r < 0x80 {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\[u%04X]", r)
		}
	}
	return b.String()
}

// guarded keeps the beginning of a line from being taken for a request.
func guarded(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}
