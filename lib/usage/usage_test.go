package usage

import (
	"reflect"
	"strings"
	"testing"
)

const text = `Usage: nixproc brew [OPTION]... -P MANAGER [list]
   or: nixproc brew [OPTION]... pour CUP [PATH]
   or: nixproc brew --empty [OPTION]...

Makes tea, of leaves that
are there. It's "hot".

A cup is what it says:

  cup = [ 'a' ];

.profile is read. Backslashes (\) and - stay.

Example: two cups
  nixproc brew pour 2 \
    --sugar

Options:
  -p, --pot=NAME          which pot; a long
                          story
      --leaves=FILE of what
  -h, --help              show this text

Places:
      --shelf-dir=DIR     where it is

Environment (an option beats it):
  POT_A, POT_B,
  POT_C                   pots
  BREW_NOW=1              as the option

It ends here.

Exit codes: 0 if there is tea,
1 if not.
`

func TestParts(t *testing.T) {
	got := Parse(text)
	want := Text{
		Synopsis: []string{"nixproc brew [OPTION]... -P MANAGER [list]", "nixproc brew [OPTION]... pour CUP [PATH]", "nixproc brew --empty [OPTION]..."},
		Sections: []Section{
			{"", []Block{
				{Text: `Makes tea, of leaves that are there. It's "hot".`},
				{Text: "A cup is what it says:"},
				{Verbatim: []string{"cup = [ 'a' ];"}},
				{Text: `.profile is read. Backslashes (\) and - stay.`},
			}},
			{"Example", []Block{{Text: "Two cups."}, {Verbatim: []string{`nixproc brew pour 2 \`, "  --sugar"}}}},
			{"Options", []Block{
				{Term: "-p, --pot=NAME", Text: "which pot; a long story"},
				{Term: "--leaves=FILE", Text: "of what"},
				{Term: "-h, --help", Text: "show this text"},
			}},
			{"Places", []Block{{Term: "--shelf-dir=DIR", Text: "where it is"}}},
			{"Environment", []Block{
				{Text: "An option beats it."},
				{Term: "POT_A, POT_B, POT_C", Text: "pots"},
				{Term: "BREW_NOW=1", Text: "as the option"},
			}},
			{"", []Block{{Text: "It ends here."}}},
			{"Exit codes", []Block{{Text: "0 if there is tea, 1 if not."}}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%#v\nwant\n%#v", got, want)
	}
	if got.Summary() != "makes tea, of leaves that are there" {
		t.Errorf("the summary is %q", got.Summary())
	}
	options := map[string]Option{
		"pot": {"NAME", "which pot; a long story"}, "leaves": {"FILE", "of what"}, "help": {"", "show this text"},
		"shelf-dir": {"DIR", "where it is"},
	}
	if !reflect.DeepEqual(got.Options(), options) {
		t.Errorf("the options are %v", got.Options())
	}
}

func TestOperands(t *testing.T) {
	brew := Parse(text)
	for _, c := range []struct{ before, want string }{
		{"", "list pour"},
		{"list", ""},
		{"pour", "CUP"},
		{"pour 2", "PATH"},
		{"drink", ""},
	} {
		if got := strings.Join(brew.Operands(strings.Fields(c.before)), " "); got != c.want {
			t.Errorf("after %q: %q, want %q", c.before, got, c.want)
		}
	}
	repeated := Parse("Usage: nixproc x -v N one|two NUMBER...|all\n")
	for _, c := range []struct{ before, want string }{{"", "one two"}, {"one", "NUMBER all"}, {"two 3 4", "NUMBER all"}} {
		if got := strings.Join(repeated.Operands(strings.Fields(c.before)), " "); got != c.want {
			t.Errorf("after %q: %q, want %q", c.before, got, c.want)
		}
	}
}

// What troff would take for its own arrives as it is.
func TestManual(t *testing.T) {
	page := string(Parse(text).Manual(Page{Name: "nixproc-brew", Version: "1", SeeAlso: []string{"nixproc", "sh"}}))
	for _, want := range []string{
		"\n.SH NAME\nnixproc\\-brew \\- makes tea, of leaves that are there\n",
		"\n\\&.profile is read. Backslashes (\\e) and \\- stay.\n",
		"\nMakes tea, of leaves that are there. It\\(aqs \\(dqhot\\(dq.\n",
		"\n\\fB\\-p\\fR, \\fB\\-\\-pot\\fR=\\fINAME\\fR\n",
		"\n.SS Places\n",
		"\n.BR nixproc (1),\n.BR sh (1)\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	at := -1
	for _, heading := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES", "SEE ALSO"} {
		next := strings.Index(page, "\n.SH "+heading+"\n")
		if next <= at {
			t.Errorf("%s is not where it belongs", heading)
		}
		at = next
	}
}
