package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"nixproc/lib/run"
)

// Remove removes users, then groups. Only this machine's own are looked at: what
// comes from elsewhere was not made here.
func (d Darwin) Remove(ctx context.Context, set Set) (Report, error) {
	var report Report
	userErr := d.removeUsers(ctx, set, &report)
	groupErr := d.removeGroups(ctx, set, &report)
	return report, errors.Join(userErr, groupErr)
}

func (d Darwin) removeUsers(ctx context.Context, set Set, report *Report) error {
	if len(set.Users) == 0 {
		return nil
	}
	users, err := d.users(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for _, u := range slices.Backward(set.Users) {
		e, ok := users[u.Name]
		if !ok || u.CreateHomeDirOnly || !mayRemove("user", u.Name, "uid", u.UID, e, report) {
			continue
		}
		processes, err := d.unused(ctx, u)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if processes != "" {
			report.warn("user %s is still in use and was left: it has the processes %s", u.Name, processes)
			report.leave(u)
			continue
		}
		if err := d.removeUser(ctx, u); err != nil {
			problems = append(problems, fmt.Errorf("cannot remove the user %s: %w", u.Name, err))
			continue
		}
		report.Removed.Users = append(report.Removed.Users, u)
	}
	return errors.Join(problems...)
}

// unused waits until a user has no processes, and gives those that it has
// nevertheless. sysadminctl would not mind them.
func (d Darwin) unused(ctx context.Context, u User) (string, error) {
	for begin := time.Now(); ; {
		result, err := d.Runner.Run(ctx, run.Command{Args: []string{"ps", "-U", u.Name, "-o", "pid="}})
		processes := strings.Join(strings.Fields(result.Stdout), ", ")
		if err != nil && run.Code(err) != 1 { // 1 says that there are none
			return "", err
		}
		if processes == "" || time.Since(begin) >= u.patience(d.Patience) {
			return processes, nil
		}
		select {
		case <-ctx.Done():
			return processes, ctx.Err()
		case <-time.After(retryInterval):
		}
	}
}

func (d Darwin) removeUser(ctx context.Context, u User) error {
	args := []string{"sysadminctl", "-deleteUser", u.Name, "-keepHome"}
	result, err := d.Runner.Run(ctx, run.Command{Args: args})
	if err != nil {
		return err
	}
	left, err := d.users(ctx)
	if _, still := left[u.Name]; still && err == nil {
		err = fmt.Errorf("%s left it: %s", run.Quote(args), result.Stderr)
	}
	return err
}

func (d Darwin) removeGroups(ctx context.Context, set Set, report *Report) error {
	if len(set.Groups) == 0 {
		return nil
	}
	groups, err := d.groups(ctx)
	if err != nil {
		return err
	}
	users, err := d.users(ctx)
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
		if _, err := d.Runner.Run(ctx, run.Command{Args: []string{"dseditgroup", "-q", "-o", "delete", "-n", ".", g.Name}}); err != nil {
			problems = append(problems, fmt.Errorf("cannot remove the group %s: %w", g.Name, err))
			continue
		}
		report.Removed.Groups = append(report.Removed.Groups, g)
	}
	return errors.Join(problems...)
}
