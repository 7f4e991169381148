package accounts

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

// FromProperties makes a set of the properties of groups and users, by name, as
// expressions give them.
func FromProperties(groups, users map[string]map[string]string) Set {
	var set Set
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		set.Groups = append(set.Groups, groupOf(name, groups[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(users)) {
		set.Users = append(set.Users, userOf(name, users[name]))
	}
	return set
}

func groupOf(name string, v map[string]string) Group {
	return Group{Name: name, GID: v["gid"], System: v["system"] == "1"}
}

func userOf(name string, v map[string]string) User {
	return User{
		Name: name, UID: v["uid"], Group: v["group"], Password: v["password"], Description: v["description"],
		HomeDir: v["homeDir"], Shell: v["shell"],
		CreateHomeDir: v["createHomeDir"] == "1", CreateHomeDirOnly: v["createHomeDirOnly"] == "1",
		System: v["system"] == "1",
	}
}

// Files gives the files of a set, by their slash-separated paths in a profile.
// The same set gives the same bytes. A set that is not valid has none.
func (s Set) Files() (map[string]string, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s.files(), nil
}

func (s Set) files() map[string]string {
	files := make(map[string]string, len(s.Groups)+len(s.Users))
	for _, g := range s.Groups {
		files[path.Join(groupsDir, g.Name)] = assignments(map[string]string{"gid": g.GID, "system": flag(g.System)})
	}
	for _, u := range s.Users {
		files[path.Join(usersDir, u.Name)] = assignments(map[string]string{
			"uid": u.UID, "group": u.Group, "password": u.Password, "description": u.Description,
			"homeDir": u.HomeDir, "shell": u.Shell, "system": flag(u.System),
			"createHomeDir": flag(u.CreateHomeDir), "createHomeDirOnly": flag(u.CreateHomeDirOnly),
		})
	}
	return files
}

func flag(set bool) string {
	if set {
		return "1"
	}
	return ""
}

func assignments(values map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if value := values[key]; value != "" {
			b.WriteString(key + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n")
		}
	}
	return b.String()
}

// Empty says whether nothing is in the set.
func (s Set) Empty() bool { return len(s.Groups) == 0 && len(s.Users) == 0 }

// Changed tells, in words, which accounts both sets have with different
// properties. What exists on a machine is never changed, so a person has to.
func Changed(old, new Set) []string {
	var texts []string
	add := func(kind, name string) {
		texts = append(texts, kind+" "+name+" has other properties now: an existing "+kind+" is left as it is")
	}
	before := map[string]Group{}
	for _, g := range old.Groups {
		before[g.Name] = g
	}
	for _, g := range new.Groups {
		if was, ok := before[g.Name]; ok && was != g {
			add("group", g.Name)
		}
	}
	users := map[string]User{}
	for _, u := range old.Users {
		users[u.Name] = u
	}
	for _, u := range new.Users {
		if was, ok := users[u.Name]; ok && was != u && was.CreateHomeDirOnly == u.CreateHomeDirOnly {
			add("user", u.Name)
		}
	}
	slices.SortFunc(texts, cmp.Compare)
	return texts
}
