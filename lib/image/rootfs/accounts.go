package rootfs

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

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
	for name, g := range d.Groups {
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

// number gives the accounts without a number one, as groupadd and useradd would:
// those from 1000 on to users, those up to 999 to the system's own.
func (t *table) number() error {
	for _, u := range t.users {
		if u.Group == "" { // one of the same name
			u.Group = u.name
			if t.groups[u.name] == nil {
				t.groups[u.name] = &group{account: account{u.name, u.from, unnumbered, u.system}}
			}
		}
	}
	var all []*account
	for _, g := range t.groups {
		all = append(all, &g.account)
	}
	if err := assign("groups", "gid", all); err != nil {
		return err
	}
	all = nil
	for _, u := range t.users {
		all = append(all, &u.account)
	}
	if err := assign("users", "uid", all); err != nil {
		return err
	}
	for _, u := range t.users {
		if t.groups[u.Group] == nil {
			return fmt.Errorf("user %s (%s): there is no group %s", u.name, u.from, u.Group)
		}
		u.gid = t.groups[u.Group].id
	}
	return nil
}

func assign(kind, what string, all []*account) error {
	slices.SortFunc(all, func(a, b *account) int { return cmp.Compare(a.name, b.name) })
	taken := map[int]*account{}
	next := 1000
	for _, a := range all {
		if a.id == unnumbered {
			continue
		}
		if other := taken[a.id]; other != nil {
			return fmt.Errorf("the %s %s (%s) and %s (%s) have the same %s, %d", kind, other.name, other.from, a.name, a.from, what, a.id)
		}
		taken[a.id] = a
		if a.id >= next && a.id < 60000 {
			next = a.id + 1
		}
	}
	last := 999
	for _, a := range all {
		if a.id != unnumbered {
			continue
		}
		if a.system {
			for taken[last] != nil {
				last--
			}
			a.id = last
		} else {
			for taken[next] != nil {
				next++
			}
			a.id = next
		}
		taken[a.id] = a
	}
	return nil
}

func (t *table) userNumber(name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	if u := t.users[name]; u != nil {
		return u.id, nil
	}
	if n := numberOf(name); n >= 0 {
		return n, nil
	}
	return 0, fmt.Errorf("there is no user %s", name)
}

func (t *table) groupNumber(name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	if g := t.groups[name]; g != nil {
		return g.id, nil
	}
	if n := numberOf(name); n >= 0 {
		return n, nil
	}
	return 0, fmt.Errorf("there is no group %s", name)
}

// putHomes makes the home directories that are asked for.
func (t *table) putHomes(tree *Tree) error {
	owned := map[string]node{}
	for _, home := range t.homes {
		owned[home] = node{kind: directory, mode: 0o755}
	}
	for _, u := range t.users {
		if u.CreateHomeDir && u.HomeDir != "" {
			owned[u.HomeDir] = node{kind: directory, mode: 0o755, uid: u.id, gid: u.gid}
		}
	}
	for home, n := range owned {
		there, found := tree.follow(filepath.Clean(home))
		if found && tree.nodes[there].kind == directory {
			continue
		}
		if err := tree.put(home, n); err != nil {
			return err
		}
	}
	return nil
}

// files are those of passwd(5), group(5), shadow(5) and gshadow(5).
func (t *table) files() map[string]node {
	if len(t.users) == 0 && len(t.groups) == 0 {
		return nil
	}
	var passwd, shadow, groups, gshadow strings.Builder
	for _, u := range byNumber(t.users, func(u *user) account { return u.account }) {
		fmt.Fprintf(&passwd, "%s:x:%d:%d:%s:%s:%s\n", u.name, u.id, u.gid, u.Description, cmp.Or(u.HomeDir, "/dev/null"), cmp.Or(u.Shell, "/bin/sh"))
		fmt.Fprintf(&shadow, "%s:%s:1::::::\n", u.name, cmp.Or(u.Password, "!"))
	}
	for _, g := range byNumber(t.groups, func(g *group) account { return g.account }) {
		fmt.Fprintf(&groups, "%s:x:%d:%s\n", g.name, g.id, strings.Join(g.members, ","))
		fmt.Fprintf(&gshadow, "%s:!::%s\n", g.name, strings.Join(g.members, ","))
	}
	return map[string]node{
		"/etc/passwd":  {kind: file, mode: 0o644, text: passwd.String()},
		"/etc/group":   {kind: file, mode: 0o644, text: groups.String()},
		"/etc/shadow":  {kind: file, mode: 0o600, text: shadow.String()},
		"/etc/gshadow": {kind: file, mode: 0o600, text: gshadow.String()},
	}
}

func byNumber[T any](all map[string]T, of func(T) account) []T {
	var list []T
	for _, one := range all {
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b T) int { return cmp.Or(cmp.Compare(of(a).id, of(b).id), cmp.Compare(of(a).name, of(b).name)) })
	return list
}
