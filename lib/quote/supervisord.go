package quote

import (
	"errors"
	"strings"
)

// nothing is a format that supervisord expands to nothing. It keeps apart, in
// its configuration file, what would be read as something else together.
const nothing = "%(program_name).0s"

var supervisordText = strings.NewReplacer(
	"%(here)s", "%%"+nothing+"(here)s", // is replaced even where the % is doubled
	"%", "%%",
	";", nothing+";", // a comment begins with either after a blank
	"#", nothing+"#",
	"\n", nothing+"\n "+nothing, // a line that goes on is indented; blanks at its ends are lost
)

// SupervisordVariable writes the value of an environment variable, with quotes
// around it, for a setting "environment" in a file of supervisord(1). The file is
// read by Python's configparser, then expanded by its operator %, then split by
// shlex, without escapes, and then all quotes at the ends of the value are taken
// off (datatypes.dict_of_key_value_pairs of supervisor 4.2). What does not
// survive that is an error, which says why.
func SupervisordVariable(value string) (string, error) {
	const quotes = `'"`
	mark := `"`
	if strings.Contains(value, mark) {
		mark = "'"
	}
	switch {
	case strings.ContainsAny(value, "\r\x00"):
		return "", errors.New("a configuration file of supervisord can't hold a carriage return or a NUL character")
	case value != strings.Trim(value, quotes):
		return "", errors.New("supervisord takes quotes off the ends of a value")
	case strings.Contains(value, mark):
		return "", errors.New("supervisord can't take a value with both kinds of quotes in it")
	}
	return mark + supervisordText.Replace(value) + mark, nil
}
