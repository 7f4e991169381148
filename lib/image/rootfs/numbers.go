package rootfs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

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
	for _, name := range slices.Sorted(maps.Keys(t.users)) {
		u := t.users[name]
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
