package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// setting is one option of a command line with its value; a switch has none.
type setting struct {
	flag  *pflag.Flag
	value string
}

// getopt splits a command line into options and operands by the rules of GNU
// getopt_long, which the older tools had from getopt(1):
//
//   - options may stand behind operands, unless strict is given (POSIXLY_CORRECT in
//     the environment); -- ends them, and - is an operand
//   - a long option may be abbreviated as long as only one begins so
//   - short ones may be written together, the last of them with its value
//   - a value may be joined (-pNAME, --profile=NAME) or be the next argument,
//     whatever that looks like
//   - a switch takes no value
func getopt(flags *pflag.FlagSet, args []string, strict bool) (settings []setting, operands []string, err error) {
	operands = []string{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			return settings, append(operands, args...), nil
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			if strict {
				return settings, append([]string{arg}, args...), nil
			}
			operands = append(operands, arg)
			continue
		}
		var found []setting
		if name, long := strings.CutPrefix(arg, "--"); long {
			found, args, err = longOption(flags, name, args)
		} else {
			found, args, err = shortOptions(flags, arg[1:], args)
		}
		if err != nil {
			return nil, nil, err
		}
		settings = append(settings, found...)
	}
	return settings, operands, nil
}

func longOption(flags *pflag.FlagSet, text string, rest []string) ([]setting, []string, error) {
	name, value, joined := strings.Cut(text, "=")
	matches := beginning(flags, name)
	switch {
	case len(matches) == 0:
		return nil, nil, fmt.Errorf("unknown option --%s", name)
	case len(matches) > 1:
		return nil, nil, fmt.Errorf("option --%s is ambiguous: --%s", name, strings.Join(matches, ", --"))
	}
	flag := flags.Lookup(matches[0])
	switch {
	case isSwitch(flag) && joined:
		return nil, nil, fmt.Errorf("option --%s takes no value", flag.Name)
	case isSwitch(flag) || joined:
		return []setting{{flag, value}}, rest, nil
	case len(rest) == 0:
		return nil, nil, fmt.Errorf("option --%s needs a value", flag.Name)
	}
	return []setting{{flag, rest[0]}}, rest[1:], nil
}

func shortOptions(flags *pflag.FlagSet, letters string, rest []string) (found []setting, _ []string, err error) {
	for i := range len(letters) {
		// A letter beyond ASCII is no option's; whole, it reads better.
		var flag *pflag.Flag
		if letters[i] < 0x80 {
			flag = flags.ShorthandLookup(letters[i : i+1])
		}
		switch {
		case flag == nil:
			return nil, nil, fmt.Errorf("unknown option -%c", []rune(letters[i:])[0])
		case isSwitch(flag):
			found = append(found, setting{flag: flag})
		case i+1 < len(letters):
			return append(found, setting{flag, letters[i+1:]}), rest, nil
		case len(rest) == 0:
			return nil, nil, fmt.Errorf("option -%c needs a value", letters[i])
		default:
			return append(found, setting{flag, rest[0]}), rest[1:], nil
		}
	}
	return found, rest, nil
}

func isSwitch(flag *pflag.Flag) bool { return flag.Value.Type() == "bool" }

// aliases are options with two names, the second of which no help mentions.
var aliases = map[string]string{"switch-to-generation": "switch-generation"}

// yields says which option an abbreviation means, rather than one that begins in
// the same way: what people typed before that was there goes on to work.
var yields = map[string]string{"switch-to-generation": "switch-generation", "show-values": "show-trace"}

// beginning lists the options that an abbreviation may stand for; a name that
// is complete stands for itself.
func beginning(flags *pflag.FlagSet, name string) []string {
	if flags.Lookup(name) != nil {
		return []string{name}
	}
	var matches, hidden []string
	flags.VisitAll(func(flag *pflag.Flag) {
		if !strings.HasPrefix(flag.Name, name) {
			return
		}
		if flags.Lookup(yields[flag.Name]) != nil {
			hidden = append(hidden, flag.Name)
		} else {
			matches = append(matches, flag.Name)
		}
	})
	if len(matches) == 0 {
		matches = hidden
	}
	slices.Sort(matches)
	return matches
}
