package rootfs

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"nixproc/lib/accounts"
)

// Properties of an account, as expressions give them.
type Properties map[string]string

// Group is a group with those who are in it besides the users that have it as
// their primary one.
type Group struct {
	Properties Properties `json:"properties"`
	Members    []string   `json:"members"`
}

// account is a user or a group that has its number.
type account struct {
	name, from string
	id         int
	system     bool
}

type user struct {
	account
	accounts.User
	gid int
}

type group struct {
	account
	members []string
}

// table is all accounts of an image.
type table struct {
	users  map[string]*user
	groups map[string]*group
	homes  []string // of users that are not to be made
}

const unnumbered = -1

// Needed are the accounts that something needs which runs in the image.
type Needed struct {
	By string
	accounts.Set
}

// CheckAccounts says what is wrong with the accounts that are declared together
// with others.
func CheckAccounts(d Declared, others []Needed) error {
	_, err := tableOf(d, others)
	return err
}

// accountsOf are the accounts that are declared, and those of the profiles.
func accountsOf(d Declared) (*table, error) {
	var others []Needed
	for _, profile := range d.Profiles {
		set, err := accounts.Read(profile)
		if err != nil {
			return nil, err
		}
		others = append(others, Needed{filepath.Base(profile), set})
	}
	return tableOf(d, others)
}

func tableOf(d Declared, others []Needed) (*table, error) {
	t := &table{users: map[string]*user{}, groups: map[string]*group{}}
	groups, users := map[string]map[string]string{}, map[string]map[string]string{}
	for name, g := range d.Groups {
		groups[name] = g.Properties
	}
	for name, u := range d.Users {
		users[name] = u
	}
	declared := Needed{"the image's steps", accounts.FromProperties(groups, users)}
	for _, needed := range append([]Needed{declared}, others...) {
		if err := t.add(needed); err != nil {
			return nil, err
		}
	}
	if err := t.number(); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(d.Groups)) {
		g := d.Groups[name]
		t.groups[name].members = g.Members
		for _, member := range g.Members {
			if t.users[member] == nil {
				return nil, fmt.Errorf("group %s: there is no user %s, a member", name, member)
			}
		}
	}
	return t, nil
}

// add takes the accounts of one who declares them. The same account may come more
// than once, but not with two numbers, or groups.
func (t *table) add(needed Needed) error {
	set, from := needed.Set, needed.By
	if err := set.Validate(); err != nil {
		return err
	}
	for _, g := range set.Groups {
		added := &group{account: account{g.Name, from, numberOf(g.GID), g.System}}
		if was := t.groups[g.Name]; was == nil {
			t.groups[g.Name] = added
		} else if err := was.agrees("group", "gid", &added.account); err != nil {
			return err
		}
	}
	for _, u := range set.Users {
		if u.CreateHomeDirOnly {
			t.homes = append(t.homes, u.HomeDir)
			continue
		}
		added := &user{account: account{u.Name, from, numberOf(u.UID), u.System}, User: u}
		if was := t.users[u.Name]; was == nil {
			t.users[u.Name] = added
		} else if err := was.agrees("user", "uid", &added.account); err != nil {
			return err
		} else if u.Group != "" && was.Group != "" && u.Group != was.Group {
			return fmt.Errorf("user %s has the group %s by %s, and %s by %s", u.Name, was.Group, was.from, u.Group, from)
		}
	}
	return nil
}

func numberOf(id string) int {
	if n, err := strconv.Atoi(id); err == nil {
		return n
	}
	return unnumbered
}

// agrees takes over the number of another declaration of the same account.
func (a *account) agrees(kind, what string, other *account) error {
	if a.id == unnumbered {
		a.id = other.id
	} else if other.id != unnumbered && a.id != other.id {
		return fmt.Errorf("%s %s has the %s %d by %s, and %d by %s", kind, a.name, what, a.id, a.from, other.id, other.from)
	}
	return nil
}
