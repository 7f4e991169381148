package accounts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"nixproc/lib/run"
	"nixproc/lib/statedir"
)

// Linux is the database of the shadow tools: groupadd, useradd, userdel and
// groupdel, with the exit codes of their manual pages.
type Linux struct {
	Runner run.Runner

	// PasswdFile and GroupFile are what the tools write; "" is /etc/passwd
	// and /etc/group.
	PasswdFile, GroupFile string

	// Patience is how long a user whose processes still run is retried;
	// 0 is 5 s.
	Patience time.Duration

	tools *tools // nil for those of shadow
}

// tools are the commands of a system that make and remove accounts in files of
// the form of passwd(5), each to be done by one of them.
type tools struct {
	groupAdd           func(Group) []string
	userAdd            func(User) []string
	groupDel, userDel  func(name string) []string
	userGone, userBusy int // exit codes of userDel: no such user; it has processes
	groupGone          int // exit code of groupDel
	groupBusy          int // the group is a user's primary one; 0 for none such
}

var shadow = tools{
	groupAdd: groupadd, userAdd: useradd,
	groupDel: func(name string) []string { return []string{"groupdel", name} },
	userDel:  func(name string) []string { return []string{"userdel", name} },
	userGone: notThere, userBusy: inUse, groupGone: notThere, groupBusy: inUse,
}

func (l Linux) with() tools {
	if l.tools != nil {
		return *l.tools
	}
	return shadow
}

var _ Database = Linux{}

func (l Linux) users() (table, error)  { return readTable(or(l.PasswdFile, "/etc/passwd")) }
func (l Linux) groups() (table, error) { return readTable(or(l.GroupFile, "/etc/group")) }

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// Ensure makes what does not exist.
func (l Linux) Ensure(ctx context.Context, set Set) (Report, error) {
	var report Report
	if err := set.Validate(); err != nil {
		return report, err
	}
	groups, err := l.ensureGroups(ctx, set, &report)
	if err != nil {
		return report, err
	}
	return report, l.ensureUsers(ctx, set, groups, &report)
}

// ensureGroups returns what is known of groups, for comparing users with it.
func (l Linux) ensureGroups(ctx context.Context, set Set, report *Report) (table, error) {
	groups, err := l.groups()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, g := range set.Groups {
		names = append(names, g.Name)
	}
	if err := l.addOthers(ctx, "group", groups, names); err != nil {
		return nil, err
	}
	for _, g := range set.Groups {
		if e, ok := groups[g.Name]; ok {
			if g.GID != "" && e.field(idField) != g.GID {
				report.warn("group %s exists with gid %s; %s was asked for: kept", g.Name, e.field(idField), g.GID)
			}
			continue
		}
		_, runErr := l.Runner.Run(ctx, run.Command{Args: l.with().groupAdd(g)})
		now, err := l.groups()
		e, made := now[g.Name]
		if made {
			groups[g.Name] = e
		}
		if made || runErr == nil {
			report.Created.Groups = append(report.Created.Groups, g)
		}
		if err := errors.Join(runErr, err); err != nil {
			return nil, fmt.Errorf("cannot make the group %s: %w", g.Name, err)
		}
	}
	return groups, nil
}

func (l Linux) ensureUsers(ctx context.Context, set Set, groups table, report *Report) error {
	users, err := l.users()
	if err != nil {
		return err
	}
	var names []string
	for _, u := range set.Users {
		if !u.CreateHomeDirOnly {
			names = append(names, u.Name)
		}
	}
	if err := l.addOthers(ctx, "passwd", users, names); err != nil {
		return err
	}
	for _, u := range set.Users {
		if u.CreateHomeDirOnly {
			if err := makeHome(u); err != nil {
				return err
			}
			continue
		}
		if e, ok := users[u.Name]; ok {
			compare(u, e, groups, report)
			continue
		}
		_, runErr := l.Runner.Run(ctx, run.Command{Args: l.with().userAdd(u)})
		// Useradd may fail after it has made the user, over the home
		// directory for example: who undoes this has to know.
		now, err := l.users()
		if _, made := now[u.Name]; made || runErr == nil {
			report.Created.Users = append(report.Created.Users, u)
		}
		if err := errors.Join(runErr, err); err != nil {
			return fmt.Errorf("cannot make the user %s: %w", u.Name, err)
		}
	}
	return nil
}

// compare reports what an existing user has and what was asked for.
func compare(u User, e entry, groups table, report *Report) {
	differs := func(what, is, asked string) {
		if asked != "" && is != asked {
			report.warn("user %s exists with %s %s; %s was asked for: kept", u.Name, what, or(is, "none"), asked)
		}
	}
	differs("uid", e.field(idField), u.UID)
	if g, ok := groups[u.Group]; ok && g.field(idField) != e.field(groupField) {
		differs("primary gid", e.field(groupField), g.field(idField)+" ("+u.Group+")")
	}
	differs("home directory", e.field(homeField), u.HomeDir)
	differs("shell", e.field(shellField), u.Shell)
}

// makeHome makes a home directory for the caller, with mode 0755 whatever the
// umask. One that exists is left as it is.
func makeHome(u User) error {
	info, err := os.Stat(u.HomeDir)
	switch {
	case err == nil && !info.IsDir():
		err = errors.New("a file of that name is in the way")
	case errors.Is(err, fs.ErrNotExist):
		err = statedir.Make(u.HomeDir)
	}
	if err != nil {
		return fmt.Errorf("cannot make the home directory %s of user %s: %w", u.HomeDir, u.Name, err)
	}
	return nil
}

func groupadd(g Group) []string {
	args := []string{"groupadd"}
	args = option(args, "-g", g.GID)
	if g.System {
		args = append(args, "-r")
	}
	return append(args, g.Name)
}

func useradd(u User) []string {
	args := []string{"useradd"}
	args = option(args, "-u", u.UID)
	args = option(args, "-p", u.Password)
	args = option(args, "-g", u.Group)
	args = option(args, "-c", u.Description)
	args = append(args, "-d", or(u.HomeDir, "/dev/null"))
	args = option(args, "-s", u.Shell)
	if u.CreateHomeDir && u.HomeDir != "" {
		args = append(args, "-m")
	}
	if u.System {
		args = append(args, "-r")
	}
	return append(args, u.Name)
}

func option(args []string, name, value string) []string {
	if value == "" {
		return args
	}
	return append(args, name, value)
}
