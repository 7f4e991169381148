package nixeval

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"nixproc/lib/ids"
	"nixproc/nixproc"
)

// flakeArguments give the expressions a model that is an output of a flake. The
// user needs no configuration for that.
func (r Request) flakeArguments() []string {
	f := r.Flake
	model := fmt.Sprintf("(%s) { name = %s; attribute = [", nixproc.FlakeModel, ids.NixString(f.Text))
	for _, name := range f.Attribute {
		model += " " + ids.NixString(name)
	}
	model += " ];"
	if f.Tree != "" {
		model += fmt.Sprintf(" tree = %s; query = %s;", ids.NixString(f.Tree), ids.NixString(f.Query))
	} else {
		model += fmt.Sprintf(" reference = %s;", ids.NixString(f.URL))
	}
	// An evaluation alone would not copy the flake to the store.
	args := []string{"--extra-experimental-features", "flakes", "--read-write-mode", "--arg", "model", model + " }"}
	return append(args, r.registry()...)
}

// inCopy are paths in a flake's copy in the store.
var inCopy = regexp.MustCompile(`/[^' ]*/[0-9a-z]{32}-source/([^']*)`)

// original is the file in the user's flake of which a file in the store is a
// copy, if it is one.
func (r Request) original(file string) (path string, copied bool) {
	if r.Flake == nil || r.Flake.Root == "" {
		return file, false
	}
	match := inCopy.FindStringSubmatch(file)
	if match == nil {
		return file, false
	}
	if theirs := filepath.Join(r.Flake.Root, match[1]); sameContent(file, theirs) {
		return theirs, true
	}
	return file, false
}

// missing is the file in the user's flake that is not in the copy of it in the
// store; "" if the path leads to another flake.
func (r Request) missing(file string) string {
	inside := inCopy.FindStringSubmatch(file)
	if inside == nil || r.Flake.Root == "" {
		return ""
	}
	flake := filepath.Join(r.Flake.Dir, "flake.nix")
	if !sameContent(strings.TrimSuffix(file, inside[1])+flake, filepath.Join(r.Flake.Root, flake)) {
		return ""
	}
	return filepath.Join(r.Flake.Root, inside[1])
}

func sameContent(file, other string) bool {
	one, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	two, err := os.ReadFile(other)
	return err == nil && bytes.Equal(one, two)
}

var (
	notThere      = regexp.MustCompile(`'(/[^']*)'.*(No such file|does not exist)`)
	notRegistered = regexp.MustCompile(`cannot find flake 'flake:(.*)' in the flake registries`)
	notFetched    = regexp.MustCompile(`unable to download|program '(git|hg)' failed`)
	noFlakes      = regexp.MustCompile(`experimental Nix feature 'flakes' is disabled|unrecognised flag '--extra-experimental-features'`)
)

// explainFlake says better what Nix says of a flake.
func (r Request) explainFlake(text string) string {
	if r.Flake == nil {
		return text
	}
	if match := notThere.FindStringSubmatch(text); match != nil {
		if path := r.missing(match[1]); path != "" {
			if _, err := os.Stat(path); err == nil && r.Flake.Git {
				return fmt.Sprintf("%s is not part of the flake, since Git does not track it: run git add for it", path)
			}
			return strings.ReplaceAll(text, match[1], path)
		}
	}
	if match := notRegistered.FindStringSubmatch(text); match != nil {
		return fmt.Sprintf("%s is no file, and no registry has a flake '%s'; a directory begins with ./", r.Flake.Text, match[1])
	}
	if noFlakes.MatchString(text) {
		return fmt.Sprintf("%s: this version of Nix has no flakes: name the file of the model", r.Flake.Text)
	}
	return text
}

// fetchError tells that a flake, or what it needs, is out of reach.
func (r Request) fetchError(messages []message) error {
	said := ""
	for _, m := range messages {
		text := m.summary()
		switch {
		case strings.HasPrefix(text, "fatal: "): // Git says why
			said += "\n  " + text
		case r.Flake == nil || !m.isError() || !notFetched.MatchString(text):
		case strings.Contains(text, "flake-registry"):
			return fmt.Errorf("%s: the registry of flakes can't be reached: %s; --host-packages does without it", r.Flake.Text, text)
		default:
			return fmt.Errorf("%s can't be fetched: %s%s", r.Flake.Text, text, said)
		}
	}
	return nil
}
