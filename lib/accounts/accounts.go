// Package accounts handles the users and groups that processes run as: it
// reads and writes them in the form that a profile has, compares two sets, and
// makes and removes them on the machine with the system's own tools. It must
// not know which processes need them, nor decide that nobody needs one any
// more.
package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Group is a group that is due.
type Group struct {
	Name string
	GID  string // "" is any free number
	// System takes the free number from those for the system's own, where
	// there are such: others are what models give to their users.
	System bool
}

// User is a user that is due. Empty properties are left to the system.
type User struct {
	Name        string
	UID         string // "" is any free number
	Group       string // primary group
	Password    string // as in shadow(5), encrypted
	Description string
	HomeDir     string

	// CreateHomeDir makes the home directory along with the user.
	CreateHomeDir bool

	// CreateHomeDirOnly makes the home directory and no user: what remains
	// of a user where no user is ever changed.
	CreateHomeDirOnly bool

	Shell string

	System bool // as with a group

	// InUse says that it was so when it was to be removed before: then one try
	// is enough.
	InUse bool `json:",omitempty"`
}

// patience is how long a user whose processes still run is retried.
func (u User) patience(asked time.Duration) time.Duration {
	if u.InUse {
		return 0
	}
	return cmp.Or(asked, defaultPatience)
}

func (r *Report) leave(u User) {
	u.InUse = true
	r.Left.Users = append(r.Left.Users, u)
}

// Set is some groups and users, each sorted by name.
type Set struct {
	Groups []Group
	Users  []User
}

// Report says what was really done, also when there was an error: what
// existed before is not in it.
type Report struct {
	Created Set
	Removed Set

	// Left are those that Remove found in use: later it may do better.
	Left Set

	// Warnings are for the user: what is not as it was asked for, and was
	// left so.
	Warnings []string
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// Database is the account database of one kind of operating system. Its
// callers hold its lock.
type Database interface {
	// Missing gives what of a set does not exist; homes without a user do not
	// count.
	Missing(context.Context, Set) (Set, error)

	// Ensure makes what does not exist yet, groups first. What exists is
	// kept as it is; differences become warnings. It stops at the first
	// error, and the report has what was made until then.
	Ensure(context.Context, Set) (Report, error)

	// Remove removes users, then groups. What is gone already is fine, and
	// what is still in use, or was not made by Ensure as far as its number
	// tells, is left with a warning. Home directories stay. It goes on after
	// an error.
	Remove(context.Context, Set) (Report, error)
}

// Diff compares two sets by name: what new has and old has not, and what old
// has and new has not. A user of whom only the home directory is due is not
// the same as a real one, so that either is created after the other; neither
// is removed for that.
func Diff(old, new Set) (create, remove Set) {
	create.Groups = missing(new.Groups, old.Groups, func(g Group) any { return g.Name })
	remove.Groups = missing(old.Groups, new.Groups, func(g Group) any { return g.Name })
	type kind struct {
		name     string
		homeOnly bool
	}
	create.Users = missing(new.Users, old.Users, func(u User) any { return kind{u.Name, u.CreateHomeDirOnly} })
	remove.Users = missing(old.Users, new.Users, func(u User) any { return u.Name })
	return create, remove
}

// missing gives what is in list and not in other.
func missing[T any](list, other []T, key func(T) any) []T {
	has := map[any]bool{}
	for _, x := range other {
		has[key(x)] = true
	}
	var left []T
	for _, x := range list {
		if !has[key(x)] {
			left = append(left, x)
		}
	}
	return left
}

// Validate finds what the tools of every system would refuse, or worse, take
// for something else: a name such as -r, a colon or a line break in a field of
// passwd(5). All problems are joined.
func (s Set) Validate() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for _, g := range s.Groups {
		if why := badName(g.Name); why != "" {
			bad("group %q: the name %s", g.Name, why)
		}
		if !isID(g.GID) {
			bad("group %q: the gid %q is not a number from 0 to 4294967294", g.Name, g.GID)
		}
	}
	for _, u := range s.Users {
		if why := badName(u.Name); why != "" {
			bad("user %q: the name %s", u.Name, why)
		}
		if !isID(u.UID) {
			bad("user %q: the uid %q is not a number from 0 to 4294967294", u.Name, u.UID)
		}
		if why := badName(u.Group); u.Group != "" && why != "" {
			bad("user %q: the group name %q %s", u.Name, u.Group, why)
		}
		for _, f := range []struct {
			what, value string
			path        bool
		}{
			{"password", u.Password, false}, {"description", u.Description, false},
			{"home directory", u.HomeDir, true}, {"shell", u.Shell, true},
		} {
			if strings.ContainsRune(f.value, ':') || strings.ContainsFunc(f.value, unicode.IsControl) {
				bad("user %q: the %s %q has a colon or a control character, which the user database cannot hold", u.Name, f.what, f.value)
			}
			if f.path && f.value != "" && !filepath.IsAbs(f.value) {
				bad("user %q: the %s %q is not an absolute path", u.Name, f.what, f.value)
			}
		}
		if u.CreateHomeDirOnly && u.HomeDir == "" {
			bad("user %q: a home directory is to be made, but none is named", u.Name)
		}
	}
	return errors.Join(problems...)
}

// badName says what is wrong with a name, "" if nothing is. Systems have
// narrower rules of their own.
func badName(name string) string {
	switch {
	case name == "":
		return "is empty"
	case name == "." || name == ".." || strings.HasPrefix(name, "-"):
		return "would be taken for something else"
	case strings.Trim(name, "0123456789") == "":
		return "is a number"
	case strings.ContainsAny(name, "/:,\\\"'") || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "has a space, or one of / : , \\ \" '"
	}
	return ""
}

func isID(id string) bool {
	if id == "" {
		return true
	}
	n, err := strconv.ParseUint(id, 10, 32)
	return err == nil && n < 1<<32-1 && strconv.FormatUint(n, 10) == id
}
