package accounts

import "context"

// Missing gives what of a set does not exist.
func (l Linux) Missing(ctx context.Context, set Set) (Set, error) {
	if err := set.Validate(); err != nil {
		return Set{}, err
	}
	groups, err := l.groups()
	if err != nil {
		return Set{}, err
	}
	users, err := l.users()
	if err != nil {
		return Set{}, err
	}
	var groupNames, userNames []string
	for _, g := range set.Groups {
		groupNames = append(groupNames, g.Name)
	}
	for _, u := range set.Users {
		userNames = append(userNames, u.Name)
	}
	if err := l.addOthers(ctx, "group", groups, groupNames); err != nil {
		return Set{}, err
	}
	if err := l.addOthers(ctx, "passwd", users, userNames); err != nil {
		return Set{}, err
	}
	return set.without(
		func(name string) (bool, error) { return groups[name] != nil, nil },
		func(name string) (bool, error) { return users[name] != nil, nil })
}

// Missing gives what of a set does not exist.
func (d Darwin) Missing(ctx context.Context, set Set) (Set, error) {
	if err := set.Validate(); err != nil {
		return Set{}, err
	}
	groups, err := d.groups(ctx)
	if err != nil {
		return Set{}, err
	}
	users, err := d.users(ctx)
	if err != nil {
		return Set{}, err
	}
	return set.without(
		func(name string) (bool, error) {
			_, exists, err := d.find(ctx, groups, groupRecords, name)
			return exists, err
		},
		func(name string) (bool, error) {
			_, exists, err := d.find(ctx, users, userRecords, name)
			return exists, err
		})
}

// without gives the groups and users that do not exist.
func (s Set) without(group, user func(name string) (exists bool, err error)) (Set, error) {
	var missing Set
	for _, g := range s.Groups {
		exists, err := group(g.Name)
		if err != nil {
			return missing, err
		}
		if !exists {
			missing.Groups = append(missing.Groups, g)
		}
	}
	for _, u := range s.Users {
		exists, err := user(u.Name)
		if err != nil {
			return missing, err
		}
		if !exists && !u.CreateHomeDirOnly {
			missing.Users = append(missing.Users, u)
		}
	}
	return missing, nil
}
