package launchd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"howett.net/plist"

	"nixproc/lib/manifest"
)

// Properties are those of launchd.plist(5).
type Properties map[string]any

// Parse reads a plist of any of Apple's forms.
func Parse(content []byte) (Properties, error) {
	var p Properties
	if _, err := plist.Unmarshal(content, &p); err != nil {
		return nil, fmt.Errorf("it is no property list: %w", err)
	}
	if len(p) == 0 {
		return nil, errors.New("it sets no property")
	}
	return p, nil
}

// Encode gives the plist in XML.
func (p Properties) Encode() ([]byte, error) {
	content, err := plist.MarshalIndent(map[string]any(p), plist.XMLFormat, "\t")
	if err != nil {
		return nil, err
	}
	return append(content, '\n'), nil
}

func (p Properties) text(name string) string {
	text, _ := p[name].(string)
	return text
}

func (p Properties) is(name string) bool {
	set, _ := p[name].(bool)
	return set
}

func (p Properties) list(name string) []string {
	switch values := p[name].(type) {
	case []string:
		return values
	case []any:
		list := make([]string, len(values))
		for i, value := range values {
			list[i], _ = value.(string)
		}
		return list
	}
	return nil
}

// words are the program and, as it sees them, all of its arguments. Each of the
// two properties stands for the other where that is missing.
func (p Properties) words() (program string, arguments []string) {
	program, arguments = p.text("Program"), p.list("ProgramArguments")
	if program == "" && len(arguments) > 0 {
		program = arguments[0]
	}
	if len(arguments) == 0 && program != "" {
		arguments = []string{program}
	}
	return program, arguments
}

// The shell that waits for the store becomes the program. Only bash(1), which
// macOS has, can give it another name than its path.
const (
	wait      = `/bin/wait4path "$0" && exec "$@"`
	waitNamed = `/bin/wait4path "$0" && exec -a "$@"`
)

// AfterMount has the program wait, by wait4path(1), until the store is there: at
// a boot, launchd may come before the store's volume. What is not in the store,
// or waits already, is as it was.
func (p Properties) AfterMount(store string) Properties {
	program, arguments := p.words()
	waits := func(word string) bool { return strings.Contains(word, "wait4path") }
	if !strings.HasPrefix(program, store+"/") && !slices.ContainsFunc(arguments, func(word string) bool { return strings.HasPrefix(word, store+"/") }) ||
		slices.ContainsFunc(arguments, waits) {
		return p
	}
	shell := []string{"/bin/sh", "-c", wait, store, program}
	if program != arguments[0] {
		shell = []string{"/bin/bash", "-c", waitNamed, store, arguments[0], program}
	}
	after := maps.Clone(p)
	after["Program"] = shell[0]
	after["ProgramArguments"] = append(shell, arguments[1:]...)
	return after
}

// beforeMount takes back what AfterMount did.
func (p Properties) beforeMount() Properties {
	words := p.list("ProgramArguments")
	before := maps.Clone(p)
	switch {
	case len(words) >= 5 && words[2] == wait:
		before["Program"], before["ProgramArguments"] = words[4], words[4:]
	case len(words) >= 6 && words[2] == waitNamed:
		before["Program"], before["ProgramArguments"] = words[5], slices.Concat(words[4:5], words[6:])
	}
	return before
}

// wrapper is how the files of our foreground proxy end, whatever its version.
const wrapper = "-foreground-proxy"

// Key is what of a plist a running process depends on, in a form that is the
// same for plists that mean the same: not whether it is loaded at boot, nor how
// it waits for the store, nor which version of our proxy runs it.
func Key(content []byte) (string, error) {
	p, err := meaning(content)
	if err != nil {
		return "", err
	}
	var canonical bytes.Buffer
	if err := json.NewEncoder(&canonical).Encode(p); err != nil {
		return "", err
	}
	return manifest.Digest(canonical.Bytes()), nil
}

// meaning is what Key is a digest of.
func meaning(content []byte) (Properties, error) {
	given, err := Parse(content)
	if err != nil {
		return nil, err
	}
	p := given.beforeMount()
	program, arguments := p.words()
	if len(arguments) > 1 && strings.HasSuffix(path.Base(arguments[1]), wrapper) {
		program, arguments = "foreground-proxy", slices.Concat([]string{"foreground-proxy"}, arguments[2:])
	}
	p["Program"], p["ProgramArguments"] = program, arguments
	if umask, err := Umask(p["Umask"]); err == nil {
		p["Umask"] = umask
	}
	delete(p, "RunAtLoad")
	return p, nil
}

// Umask gives the number that launchd wants: text is octal, as a shell has it,
// and a number is one.
func Umask(value any) (uint64, error) {
	text, isText := value.(string)
	base := 8
	if !isText {
		text, base = fmt.Sprint(value), 10
	}
	umask, err := strconv.ParseUint(text, base, 12)
	if err != nil || umask > 0o777 {
		return 0, fmt.Errorf("umask: %q is not an octal number such as 022", text)
	}
	return umask, nil
}
