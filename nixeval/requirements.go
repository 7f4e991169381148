package nixeval

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"nixproc/lib/ids"
	"nixproc/nixproc"
)

// IDFiles are the files that an assignment of IDs is made from.
type IDFiles struct {
	Resources string // absolute path
	IDs       string // absolute path; "" if there is none
	Property  string // the attribute of a process that lists what it requires
	// Services gives the model the arguments of a services model of Disnix,
	// even if it has defaults of its own.
	Services bool
}

// Requirements evaluates a model, once, as far as the assignment of IDs has to
// know it. Nothing is written to the store.
func (n Nix) Requirements(ctx context.Context, r Request, files IDFiles) (ids.Question, error) {
	args := append([]string{"--eval", "--strict", "--json"}, n.expression("requirements.nix", nixproc.Requirements)...)
	args = append(args, "--argstr", "idResourcesFile", files.Resources, "--argstr", "serviceProperty", files.Property)
	if files.IDs != "" {
		args = append(args, "--argstr", "idsFile", files.IDs)
	}
	if files.Services {
		args = append(args, "--arg", "asServices", "true")
	}
	result, _, err := n.instantiate(ctx, r, args)
	if err != nil {
		return ids.Question{}, err
	}
	question, err := ids.Parse([]byte(result.Stdout))
	if err != nil {
		return question, &ModelError{Text: err.Error()}
	}
	return question, nil
}

// NewIDs are IDs with which a model is evaluated though they are not in place
// yet: whoever imports the file of IDs gets another one.
type NewIDs struct {
	Paths []string // of the file of IDs, as the model may know it
	File  string   // what is read in its place
}

func (i NewIDs) arguments() []string {
	list := "["
	for _, path := range i.Paths {
		list += " " + ids.NixString(path)
	}
	// -v tells which files are read.
	return []string{"-v", "--arg", "idsFiles", list + " ]", "--argstr", "newIDsFile", i.File}
}

// fileRead is what `nix-instantiate -v` says of each file of expressions.
var fileRead = regexp.MustCompile(`^evaluating file '(.*)'$`)

// checkUse tells whether the model took the new IDs. It is an error if something
// took the old ones: not every way to read a file can be diverted.
func (r Request) checkUse(messages []message) (used bool, err error) {
	for _, m := range messages {
		match := fileRead.FindStringSubmatch(m.text())
		switch {
		case match == nil:
		case match[1] == r.NewIDs.File || r.isNewIDs(match[1]):
			used = true
		case slices.Contains(r.NewIDs.Paths, match[1]):
			return used, &ModelError{Text: fmt.Sprintf("%s is read by others than %s and the files that it imports, so its new IDs can't be passed on: import it there, or call nixproc id-assign before the switch", match[1], r)}
		}
	}
	return used, nil
}
