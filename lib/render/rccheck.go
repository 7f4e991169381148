package render

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// check refuses what a script could not hold, or rc.subr would take for
// something else.
func (script rcScript) check() (problems []error) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	spec := &script.spec
	for _, variables := range []map[string]string{spec.Environment, spec.HiddenEnvironment} {
		for name, value := range variables {
			if !variableName.MatchString(name) {
				bad("environment: %q can't be the name of a variable in a shell", name)
			}
			if strings.ContainsRune(value, 0) {
				bad("environment: the value of %s has a NUL character in it", name)
			}
		}
	}
	for name, value := range map[string]*string{"pidFile": spec.PIDFile, "directory": spec.Directory} {
		if value != nil && (*value == "" || strings.ContainsRune(*value, 0)) {
			bad("%s: %q is no file name", name, *value)
		}
	}
	for _, one := range []struct {
		what  string
		value *string
		form  *regexp.Regexp
		due   string
	}{
		{"nice", spec.Nice, rcNice, "a whole number from -20 to 20"},
		{"umask", spec.Umask, umaskForm, "an octal number such as 022, or of the form u=rwx,g=rx"},
		{"procname", spec.Procname, rcWord, "a word that rc.subr can look for"},
		{"user", spec.User, rcWord, "a name that rc.subr can take"},
		{"fib", spec.FIB, rcNumber, "a number"},
		{"loginClass", spec.LoginClass, rcWord, "a name that rc.subr can take"},
		{"limits", spec.Limits, rcWords, "plain words"},
		{"oomProtect", spec.OOMProtect, rcWord, "YES or ALL"},
		{"rcvar", spec.RCVar, rcIdentifier, "the end of a shell variable's name"},
		{"reloadSignal", &spec.ReloadSignal, rcSignal, "a signal, such as HUP"},
		{"stopSignal", &spec.StopSignal, rcSignal, "a signal, such as TERM"},
	} {
		if one.value != nil && !one.form.MatchString(*one.value) {
			bad("%s: %q is not %s", one.what, *one.value, one.due)
		}
	}
	for what, words := range map[string][]string{
		"requiredFiles": spec.RequiredFiles, "requiredDirs": spec.RequiredDirs, "requiredVars": spec.RequiredVars,
		"requiredModules": spec.RequiredModules, "provides": spec.Provides, "requires": script.requires, "keywords": spec.Keywords,
	} {
		for _, word := range words {
			if !rcWord.MatchString(word) {
				bad("%s: %q has a character that a list of rc.subr can't hold", what, word)
			}
		}
	}
	for name := range spec.RCVarsDefaults {
		if !rcIdentifier.MatchString(name) {
			bad("rcvarsDefaults: %q can't be the end of a shell variable's name", name)
		}
	}
	for name, parts := range spec.Commands {
		if !rcIdentifier.MatchString(name) {
			bad("commands: %q can't be the name of a shell function", name)
		}
		for part := range parts {
			if !slices.Contains([]string{"pre", "implementation", "post"}, part) {
				bad("commands.%s: there is no %q: use pre, implementation, post", name, part)
			}
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return problems
}

var (
	rcNice       = regexp.MustCompile(`^(-?1?[0-9]|-?20)$`)
	rcNumber     = regexp.MustCompile(`^[0-9]+$`)
	rcWord       = regexp.MustCompile(`^[A-Za-z0-9@%_+=:,./-]+$`)
	rcWords      = regexp.MustCompile(`^[A-Za-z0-9@%_+=:,./ -]*$`)
	rcIdentifier = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	rcSignal     = regexp.MustCompile(`^[A-Z0-9]+$`)
)
