package accounts

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"nixproc/lib/pidfile"
	"nixproc/lib/run"
)

// Exit codes of userdel(8) and groupdel(8).
const (
	notThere = 6 // no such user or group
	inUse    = 8 // the user has processes; the group is a user's primary one
)

const (
	defaultPatience = 5 * time.Second
	retryInterval   = 200 * time.Millisecond

	// A process that has ended, but that init has not reaped yet, is worth so
	// many times the patience: it will go.
	unreaped = 6
)

// Remove removes users, then groups. Only what stands in the files is looked
// at: what comes from elsewhere was not made here.
func (l Linux) Remove(ctx context.Context, set Set) (Report, error) {
	var report Report
	userErr := l.removeUsers(ctx, set, &report)
	groupErr := l.removeGroups(ctx, set, &report)
	return report, errors.Join(userErr, groupErr)
}

func (l Linux) removeUsers(ctx context.Context, set Set, report *Report) error {
	users, err := l.users()
	if err != nil {
		return err
	}
	var pending []User
	for _, u := range slices.Backward(set.Users) {
		e, ok := users[u.Name]
		if !ok || u.CreateHomeDirOnly || !mayRemove("user", u.Name, "uid", u.UID, e, report) {
			continue
		}
		pending = append(pending, u)
	}
	var problems []error
	for begin := time.Now(); ; {
		var limit time.Duration
		var busy []User
		var reasons []error
		for _, u := range pending {
			err := l.userdel(ctx, u, set, report)
			switch {
			case run.Code(err) == l.with().userBusy:
				busy, reasons = append(busy, u), append(reasons, err)
				patience := u.patience(l.Patience)
				if ended(err) {
					patience *= unreaped
				}
				limit = max(limit, patience)
			case err != nil:
				problems = append(problems, fmt.Errorf("cannot remove the user %s: %w", u.Name, err))
			}
		}
		pending = busy
		if len(busy) == 0 || ctx.Err() != nil || time.Since(begin) >= limit {
			for i, u := range busy {
				report.warn("user %s is still in use and was left: %v", u.Name, reasons[i])
				report.leave(u)
			}
			if len(busy) > 0 {
				problems = append(problems, ctx.Err())
			}
			return errors.Join(problems...)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryInterval):
		}
	}
}

var usedBy = regexp.MustCompile(`used by process ([0-9]+)`)

// ended says whether the process that userdel names as the user's has ended.
func ended(err error) bool {
	var failed *run.Error
	if !errors.As(err, &failed) {
		return false
	}
	match := usedBy.FindStringSubmatch(failed.Tail)
	if match == nil {
		return false
	}
	pid, err := strconv.Atoi(match[1])
	if err != nil {
		return false
	}
	_, alive := pidfile.Started(pid)
	return !alive
}

// userdel removes one user. With USERGROUPS_ENAB (login.defs) the tool also
// removes the group that has the user's name; where that is not ours to
// remove, it is made again with its number.
func (l Linux) userdel(ctx context.Context, u User, set Set, report *Report) error {
	before, err := l.groups()
	if err != nil {
		return err
	}
	if _, err := l.Runner.Run(ctx, run.Command{Args: l.with().userDel(u.Name)}); run.Code(err) == l.with().userGone {
		return nil
	} else if err != nil {
		return err
	}
	report.Removed.Users = append(report.Removed.Users, u)

	wanted := u.Group == u.Name && !slices.ContainsFunc(set.Groups, func(g Group) bool { return g.Name == u.Name })
	e, had := before[u.Name]
	if !wanted || !had {
		return nil
	}
	after, err := l.groups()
	if err != nil {
		return err
	}
	if _, has := after[u.Name]; has {
		return nil
	}
	_, err = l.Runner.Run(ctx, run.Command{Args: l.with().groupAdd(Group{Name: u.Name, GID: e.field(idField)})})
	if err != nil {
		return fmt.Errorf("userdel removed the group of the same name, and it cannot be made again: %w", err)
	}
	return nil
}

func (l Linux) removeGroups(ctx context.Context, set Set, report *Report) error {
	groups, err := l.groups()
	if err != nil {
		return err
	}
	users, err := l.users()
	if err != nil {
		return err
	}
	var problems []error
	for _, g := range slices.Backward(set.Groups) {
		e, ok := groups[g.Name]
		if !ok || !mayRemove("group", g.Name, "gid", g.GID, e, report) {
			continue
		}
		if of := primaryOf(users, e.field(idField)); of != "" {
			report.warn("group %s is still the primary group of %s and was left", g.Name, of)
			report.Left.Groups = append(report.Left.Groups, g)
			continue
		}
		_, err := l.Runner.Run(ctx, run.Command{Args: l.with().groupDel(g.Name)})
		switch {
		case err == nil:
			report.Removed.Groups = append(report.Removed.Groups, g)
		case run.Code(err) == l.with().groupGone:
		case l.with().groupBusy != 0 && run.Code(err) == l.with().groupBusy:
			report.warn("group %s is still a user's primary group and was left: %v", g.Name, err)
			report.Left.Groups = append(report.Left.Groups, g)
		default:
			problems = append(problems, fmt.Errorf("cannot remove the group %s: %w", g.Name, err))
		}
	}
	return errors.Join(problems...)
}

// mayRemove keeps us from what Ensure found and kept: the administrator's
// account, or one with another number than was asked for.
func mayRemove(kind, name, idName, asked string, e entry, report *Report) bool {
	switch id := e.field(idField); {
	case badName(name) != "":
		report.warn("%s %q has a name that %s: left", kind, name, badName(name))
		return false
	case id == "0":
		report.warn("%s %s has %s 0 and was left", kind, name, idName)
		return false
	case asked != "" && id != asked:
		report.warn("%s %s has %s %s, not %s, so it was made by somebody else: left", kind, name, idName, id, asked)
		return false
	}
	return true
}

// primaryOf names the users whose primary group has this number.
func primaryOf(users table, gid string) string {
	var names []string
	for name, e := range users {
		if e.field(groupField) == gid {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
