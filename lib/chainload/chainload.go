// Package chainload becomes a user and then another program, as a wrapper in
// front of a process does that begins as root. It must not know process
// managers.
package chainload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// Account is what a process has of its user.
type Account struct {
	UID, GID int
	Groups   []int // all of its groups, the primary one too
}

// Lookup finds a user by name. Those whom only the name service knows (LDAP, …)
// are asked of getent(1), and so are the groups.
func Lookup(ctx context.Context, getent Getent, name string) (Account, error) {
	var uid, gid string
	found, err := user.Lookup(name)
	if err == nil {
		uid, gid = found.Uid, found.Gid
	} else if uid, gid, err = ask(ctx, getent, name); err != nil {
		return Account{}, err
	}
	a := Account{}
	var problems [2]error
	a.UID, problems[0] = strconv.Atoi(uid)
	a.GID, problems[1] = strconv.Atoi(gid)
	if err := errors.Join(problems[:]...); err != nil {
		return a, fmt.Errorf("the entry of the user %s is wrong: %w", name, err)
	}
	a.Groups, err = groups(ctx, getent, name, found)
	if err != nil {
		return a, err
	}
	for _, group := range a.Groups {
		if group == a.GID {
			return a, nil
		}
	}
	a.Groups = append(a.Groups, a.GID)
	return a, nil
}

// ask reads a line of the form of passwd(5).
func ask(ctx context.Context, getent Getent, name string) (uid, gid string, err error) {
	unknown := fmt.Errorf("there is no user %s", name)
	entry, err := getent(ctx, "passwd", name)
	if errors.Is(err, errNoEntry) {
		return "", "", unknown
	}
	if err != nil {
		return "", "", err
	}
	fields := strings.Split(strings.TrimSpace(entry), ":")
	// A number would be looked up as an ID.
	if len(fields) < 4 || fields[0] != name {
		return "", "", unknown
	}
	return fields[2], fields[3], nil
}

// groups of a user; found is nil for one that only the name service knows.
func groups(ctx context.Context, getent Getent, name string, found *user.User) ([]int, error) {
	var words []string
	entry, err := getent(ctx, "initgroups", name)
	if err == nil {
		words = strings.Fields(strings.TrimPrefix(entry, name))
	} else if found != nil { // no getent, or one that can't do this
		if words, err = found.GroupIds(); err != nil {
			return nil, err
		}
	}
	var all []int
	for _, word := range words {
		number, err := strconv.Atoi(word)
		if err != nil {
			return nil, fmt.Errorf("the groups of the user %s can't be read: %w", name, err)
		}
		all = append(all, number)
	}
	return all, nil
}

// Become makes the calling process one of the account, with no group that is
// not the account's. Only root can, or who is that user already.
func (a Account) Become() error {
	if os.Geteuid() != 0 && os.Geteuid() == a.UID {
		return nil
	}
	for _, step := range []func() error{
		func() error { return syscall.Setgid(a.GID) },
		func() error { return syscall.Setgroups(a.Groups) },
		func() error { return syscall.Setuid(a.UID) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("user %d can't become user %d: %w", os.Geteuid(), a.UID, err)
		}
	}
	return nil
}

// Exec becomes the user and then the command, with the environment as it is. It
// returns only if that fails.
func Exec(ctx context.Context, name string, command []string) error {
	account, err := Lookup(ctx, getent, name)
	if err != nil {
		return err
	}
	if err := account.Become(); err != nil {
		return err
	}
	program, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	if err := syscall.Exec(program, command, os.Environ()); err != nil {
		return fmt.Errorf("%s can't be run: %w", program, err)
	}
	return nil
}
