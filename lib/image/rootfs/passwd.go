package rootfs

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// putHomes makes the home directories that are asked for. One that was declared
// stays as it is, and of two users with one home the first has it.
func (t *table) putHomes(tree *Tree) error {
	owned := map[string]node{}
	for _, name := range slices.Sorted(maps.Keys(t.users)) {
		u := t.users[name]
		home := path.Clean(u.HomeDir)
		if _, taken := owned[home]; u.CreateHomeDir && u.HomeDir != "" && !taken {
			owned[home] = node{kind: directory, mode: 0o755, uid: u.id, gid: u.gid}
		}
	}
	for _, home := range t.homes {
		if home = path.Clean(home); owned[home].kind == 0 {
			owned[home] = node{kind: directory, mode: 0o755}
		}
	}
	for _, home := range slices.Sorted(maps.Keys(owned)) {
		there, found := tree.follow(home)
		if found && tree.nodes[there].kind == directory && !tree.nodes[there].implied {
			continue
		}
		if err := tree.put(home, owned[home]); err != nil {
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
