package usage

import (
	"slices"
	"strings"
)

// Option is what a text says of an option.
type Option struct {
	Value string // what stands for its value, as in DIR; "" for a switch
	Said  string
}

// Has tells whether there is a section with the title.
func (t Text) Has(title string) bool {
	return slices.ContainsFunc(t.Sections, func(s Section) bool { return s.Title == title })
}

// Options are those that the text lists, by their long names without dashes.
func (t Text) Options() map[string]Option {
	options := map[string]Option{}
	for _, section := range t.Sections {
		for _, block := range section.Blocks {
			if _, name, ok := strings.Cut(block.Term, "--"); ok {
				name, value, _ := strings.Cut(name, "=")
				options[name] = Option{Value: value, Said: block.Text}
			}
		}
	}
	return options
}

// Operands says what may come after some operands of the command: words in
// lower case are to be typed as they are, those in upper case stand for
// something, as FILE does.
func (t Text) Operands(before []string) []string {
	var found []string
	for _, way := range t.Synopsis {
		places := operands(way)
		place := len(before)
		if n := len(places); n > 0 && place >= n && places[n-1].repeats {
			place = n - 1
		}
		if place < len(places) && fits(places, before) {
			found = append(found, places[place].words...)
		}
	}
	return found
}

// operand is one place of a synopsis.
type operand struct {
	words   []string // one of them
	repeats bool
}

// operands takes one way to call a command apart: what is neither the command
// nor an option.
func operands(way string) []operand {
	words := strings.Fields(way)
	var places []operand
	for i := min(2, len(words)); i < len(words); i++ {
		word := words[i]
		switch {
		case strings.HasPrefix(word, "--") || strings.HasPrefix(word, "[OPTION]"):
		case strings.HasPrefix(word, "-"):
			i++ // its value
		default:
			repeats := strings.Contains(word, "...")
			word = strings.NewReplacer("...", "", "[", "", "]", "").Replace(word)
			places = append(places, operand{strings.Split(word, "|"), repeats})
		}
	}
	return places
}

// fits tells whether operands are those that a synopsis begins with.
func fits(places []operand, given []string) bool {
	for i, word := range given {
		if i >= len(places) {
			break
		}
		known := false
		for _, wanted := range places[i].words {
			known = known || wanted == word || wanted != strings.ToLower(wanted)
		}
		if !known {
			return false
		}
	}
	return true
}
