package nixeval

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// aboutNixItself tells errors of the installation from those of expressions.
func (m message) aboutNixItself() bool {
	text := m.summary()
	for _, sign := range []string{
		"cannot connect to", "cannot open connection to remote store", "opening a connection to remote store",
		"Nix daemon disconnected", "opening lock file", "creating directory", "creating file", "changing ownership of path",
		"No space left on device", "Read-only file system", "Cannot allocate memory", "Too many open files",
		"database is locked", "executing SQLite", "cannot open Nix database", "unable to download", "the group 'nixbld'",
	} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	// What the caller may not read is wrong with the expressions; what Nix may
	// not read or write is wrong with Nix.
	state := os.Getenv("NIX_STATE_DIR")
	if state == "" {
		state = "/nix/var/nix"
	}
	return strings.Contains(text, "Permission denied") && (strings.Contains(text, state) || strings.Contains(text, StoreDir()))
}

// placeless says that an error arose nowhere in the expressions: whatever is
// wrong with those is wrong at some place.
func (m message) placeless() bool { return !m.bare && m.File == nil && len(m.Trace) == 0 }

// ours are the files of this framework, wherever the expressions have it.
var ours = regexp.MustCompile(`/nixproc/((backends|create-image-from-steps|create-managed-process|create-credentials|network|process|hostpkgs|test-driver)/|(deployment|requirements|network|image|init|binary)\.nix$)`)

// place words a position, and says whether its text is the user's own: not
// this framework's, and not Nixpkgs'. It is "" for what has no file.
func (r Request) place(p position) (where string, own bool) {
	if p.File == nil || p.Line == nil {
		return "", false
	}
	file, copied := r.original(*p.File)
	switch {
	case file == r.ExtraParams:
		file, own = "--extra-params", true
	case !strings.HasPrefix(file, "/"):
		return "", false
	default:
		own = file == r.ExprFile || copied || !ours.MatchString(file) && !r.inNixpkgs(file)
	}
	where = fmt.Sprintf("%s:%d", file, *p.Line)
	if p.Column != nil {
		where += fmt.Sprintf(":%d", *p.Column)
	}
	return where, own
}

func (r Request) inNixpkgs(file string) bool {
	dirs := []string{r.HostPackages}
	for entry := range strings.SplitSeq(os.Getenv("NIX_PATH"), ":") {
		if dir, ok := strings.CutPrefix(entry, "nixpkgs="); ok {
			dirs = append(dirs, dir)
		}
	}
	for _, dir := range dirs {
		if dir != "" && strings.HasPrefix(file, dir+"/") {
			return true
		}
	}
	return strings.Contains(file, "/nixpkgs/")
}

// The words of Nix that can be said better; a function's place is of interest
// only if its author is the user.
var (
	badArgument = regexp.MustCompile(`^.* at (/.*):[0-9]+:[0-9]+ called (with unexpected|without required) argument '(.*)'$`)
	// deployment.nix, requirements.nix and here.nix add these steps to the trace.
	inPart = regexp.MustCompile(`^while evaluating (process '.*'|suite '.*'|--extra-params|--id-resources|--ids)$`)
	// aboutOption tells messages that name the option which gave what is wrong.
	aboutOption = regexp.MustCompile(`--extra-params|--id-resources|--ids|--infrastructure|--distribution`)
)

// explain tells an error of an evaluation: what is wrong, in which process, and
// the place where it arose, in the user's files if any of them had a part in
// it.
func (m message) explain(r Request) string {
	if r.ShowTrace {
		return strings.TrimPrefix(m.text(), errorPrefix)
	}
	text := m.summary()
	if match := badArgument.FindStringSubmatch(text); match != nil && ours.MatchString(match[1]) {
		problem := "is no argument of"
		if match[2] == "without required" {
			problem = "is missing among the arguments of"
		}
		text = fmt.Sprintf("'%s' %s %s", match[3], problem, filepath.Base(match[1]))
	}
	if strings.Contains(text, "'nixpkgs' was not found in the Nix search path") {
		text = "<nixpkgs> was not found: set NIX_PATH, or add --host-packages to take programs from this machine"
	}
	text = r.explainFlake(text)
	if at := m.at(r); at != "" {
		return m.part(text) + text + at
	}
	text = m.part(text) + text
	if r.String() == "" || strings.Contains(text, r.String()) || aboutOption.MatchString(text) {
		return text
	}
	return text + "\n  in " + r.String()
}

// part names the part of the model that an error is about, if its text does not.
func (m message) part(text string) string {
	if strings.HasPrefix(text, "process '") || aboutOption.MatchString(text) {
		return ""
	}
	for _, step := range m.Trace {
		if match := inPart.FindStringSubmatch(plain(step.RawMsg)); match != nil {
			return match[1] + ": "
		}
	}
	return ""
}

// at words the innermost place that is the user's own, and, if that is not in
// the processes model, the innermost one that is.
func (m message) at(r Request) string {
	// Nix begins with the innermost.
	all := []position{m.position}
	for _, step := range m.Trace {
		all = append(all, step.position)
	}
	var first, firstOwn, inModel string
	for _, p := range all {
		where, own := r.place(p)
		if first == "" {
			first = where
		}
		if own && firstOwn == "" {
			firstOwn = where
		}
		if inModel == "" && p.File != nil && *p.File == r.ExprFile {
			inModel = where
		}
	}
	switch {
	case firstOwn != "" && inModel != "" && inModel != firstOwn:
		return "\n  at " + firstOwn + "\n  from " + inModel
	case firstOwn != "":
		return "\n  at " + firstOwn
	case r.String() == "" && first != "":
		return "\n  at " + first
	}
	return ""
}
