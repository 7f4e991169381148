package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"nixproc/lib/suite"
	"nixproc/lib/usage"
)

// complete tells a shell what fits a command line whose last word is not
// finished, and may be empty. The first line that it prints is one of
//
//	words          the next lines are what fits, with what is said of it after a tab
//	files PATTERN  a path: of a directory, or of a file that fits the pattern
//	directories    a path of a directory
//	users          the name of a user
//	commands       the name of a program
//
// If the last word is --OPTION=VALUE, only the value is meant. It is called at
// each press of a key: nothing is evaluated, touched or said to be wrong.
func complete(line []string) {
	if len(line) < 2 {
		return
	}
	o := offerFor(line)
	fmt.Println(o.kind)
	for _, word := range o.words {
		fmt.Println(strings.TrimSuffix(word.text+"\t"+word.said, "\t"))
	}
}

// offer is what fits.
type offer struct {
	kind  string
	words []offered
}

type offered struct{ text, said string }

// among offers the words that go on from a beginning.
func among(beginning string, words ...offered) offer {
	o := offer{kind: "words"}
	for _, word := range words {
		if strings.HasPrefix(word.text, beginning) && !strings.ContainsAny(word.text, "\t\n") {
			o.words = append(o.words, word)
		}
	}
	return o
}

func offerFor(line []string) offer {
	name, rest := splitName(line)
	if len(rest) == 0 { // the command's name itself is not finished
		return among(name, commandNames()...)
	}
	command, ok := commands()[name]
	if !ok {
		return among("")
	}
	l := &unfinished{name: name, command: command, text: usage.Parse(command.help()), options: &options{}}
	l.flags = pflag.NewFlagSet(name, pflag.ContinueOnError)
	l.options.define(l.flags, command.set)
	return l.offer(rest)
}

func commandNames() []offered {
	names := []offered{{"help", ""}, {"version", ""}}
	for name, command := range commands() {
		names = append(names, offered{name, usage.Parse(command.help()).Summary()})
	}
	return sortedByText(names)
}

// unfinished is a command line that is being typed.
type unfinished struct {
	name    string
	command command
	text    usage.Text
	flags   *pflag.FlagSet
	options *options // those that are given so far
}

// offer looks at the words behind the command, as getopt does; the last one is
// not finished.
func (l *unfinished) offer(args []string) offer {
	var operands []string
	ended := false
	for {
		arg, rest := args[0], args[1:]
		isOperand := ended || arg == "-" || !strings.HasPrefix(arg, "-")
		switch {
		case len(rest) == 0 && (arg == "-" && !ended || !isOperand):
			return l.option(arg)
		case len(rest) == 0:
			return l.operand(arg, operands)
		case isOperand && l.command.leads && len(operands) == 1:
			return among("") // what follows is another command's
		case isOperand:
			operands = append(operands, arg)
		case arg == "--":
			ended = true
		default:
			found, left, err := l.settings(arg, rest)
			if err != nil || len(found) == 0 {
				return among("")
			}
			if len(left) == 0 { // the last word is the value of this option
				last := found[len(found)-1]
				return l.value(last.flag, last.value)
			}
			rest = left
		}
		args = rest
	}
}

// settings reads one word of options, and the value behind it.
func (l *unfinished) settings(arg string, rest []string) (found []setting, left []string, err error) {
	if name, long := strings.CutPrefix(arg, "--"); long {
		found, left, err = longOption(l.flags, name, rest)
	} else {
		found, left, err = shortOptions(l.flags, arg[1:], rest)
	}
	if err == nil && len(left) > 0 {
		err = apply(l.flags, found)
	}
	return found, left, err
}

// option offers options that begin so, or what fits as the value of one.
func (l *unfinished) option(arg string) offer {
	if name, value, joined := strings.Cut(strings.TrimPrefix(arg, "--"), "="); joined && strings.HasPrefix(arg, "--") {
		if names := beginning(l.flags, name); len(names) == 1 {
			return l.value(l.flags.Lookup(names[0]), value)
		}
		return among("")
	}
	var words []offered
	said := l.text.Options()
	l.flags.VisitAll(func(flag *pflag.Flag) {
		if aliases[flag.Name] != "" {
			return
		}
		if flag.Shorthand != "" && arg == "-" {
			words = append(words, offered{"-" + flag.Shorthand, said[flag.Name].Said})
		}
		words = append(words, offered{"--" + flag.Name, said[flag.Name].Said})
	})
	return among(arg, words...)
}

// value offers values of an option.
func (l *unfinished) value(flag *pflag.Flag, beginning string) offer {
	switch name := flag.Name; {
	case isSwitch(flag):
		return among("")
	case name == "profile" && !l.command.set.suites:
		return among(beginning, profileNames(l.manager(), l.options)...)
	case name == "delete-generations":
		return l.standing("NUM", beginning, offered{"old", "all but the current one"})
	default:
		if other := aliases[name]; other != "" {
			name = other
		}
		return l.standing(l.text.Options()[name].Value, beginning)
	}
}

// operand offers operands behind those that there are; where there are none,
// options.
func (l *unfinished) operand(beginning string, before []string) offer {
	var literal []offered
	places := l.text.Operands(before)
	for _, word := range places {
		if word == strings.ToLower(word) {
			literal = append(literal, offered{word, ""})
		}
	}
	for _, word := range places {
		if word == "PATH" {
			return offer{kind: l.pathKind()}
		}
		if o := l.standing(word, beginning, literal...); o.kind != "words" || len(o.words) > 0 {
			return o
		}
	}
	if len(places) == 0 && beginning == "" {
		return l.option("-")
	}
	return among(beginning, literal...)
}

func (l *unfinished) pathKind() string {
	switch {
	case l.name == "generate-config":
		return "files *.json"
	case l.command.set.build:
		return "files *.nix"
	}
	return "directories" // a profile that was built before
}

// standing offers what a word in a help text stands for, and more words.
func (l *unfinished) standing(word, beginning string, more ...offered) offer {
	switch word {
	case "MANAGER":
		possible := managers
		if l.command.set.image {
			possible = inContainers
		}
		for _, manager := range possible {
			more = append(more, offered{manager, ""})
		}
	case "MANAGERS":
		return listed(beginning, suiteManagers)
	case "PROFILES":
		return listed(beginning, suiteProfiles)
	case "VARIANTS":
		return listed(beginning, suite.Kinds)
	case "NUM", "NUMBER":
		more = append(generationNumbers(l.manager(), l.options), more...)
	case "PROCESS":
		more = append(processNames(l.manager(), l.options), more...)
	case "ACTIVITY":
		for _, activity := range usualActivities[l.manager()] {
			more = append(more, offered{activity, ""})
		}
	case "FILE", "SUITE":
		return offer{kind: "files *.nix"}
	case "ARCHIVE":
		return offer{kind: "files *.tar"}
	case "DIR", "PATH":
		return offer{kind: "directories"}
	case "USER":
		return offer{kind: "users"}
	case "COMMAND":
		return offer{kind: "commands"}
	}
	return among(beginning, more...)
}

// listed offers words for the end of a list with commas.
func listed(beginning string, words []string) offer {
	before := beginning[:strings.LastIndexByte(beginning, ',')+1]
	var more []offered
	for _, word := range words {
		more = append(more, offered{before + word, ""})
	}
	return among(beginning, more...)
}

// usualActivities are the usual ones of scripts.
var usualActivities = map[string][]string{
	"bsdrc":    {"onestart", "onestop", "onerestart", "onestatus"},
	"sysvinit": {"start", "stop", "restart", "reload", "status"},
}

// manager is that of the command, or the one that -P names; "" if there is none.
func (l *unfinished) manager() string {
	if manager := managerIn(l.name); manager != "" {
		return manager
	}
	return l.options.processManager
}
