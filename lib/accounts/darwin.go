package accounts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"howett.net/plist"

	"nixproc/lib/run"
)

// Darwin is the directory service of macOS. It is read with dscl(1), groups are
// made with dseditgroup(8) and users with sysadminctl(8), which ends with 0
// whatever became of it: so what there is afterwards is what counts.
type Darwin struct {
	Runner run.Runner
	// Patience is how long a user whose processes still run is retried; 0 is
	// 5 s.
	Patience time.Duration
}

var _ Database = Darwin{}

// Defaults that a user gets who can't log in.
const (
	darwinHome  = "/var/empty"
	darwinShell = "/usr/bin/false"
)

// unknownRecord is the exit code of dscl for a record that is not there
// (eDSRecordNotFound).
const unknownRecord = 56

// Ensure makes what does not exist.
func (d Darwin) Ensure(ctx context.Context, set Set) (Report, error) {
	var report Report
	if err := set.Validate(); err != nil {
		return report, err
	}
	groups, err := d.ensureGroups(ctx, set, &report)
	if err != nil {
		return report, err
	}
	return report, d.ensureUsers(ctx, set, groups, &report)
}

func (d Darwin) ensureGroups(ctx context.Context, set Set, report *Report) (table, error) {
	groups, err := d.groups(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range set.Groups {
		e, exists, err := d.find(ctx, groups, groupRecords, g.Name)
		if err != nil {
			return nil, err
		}
		if exists {
			if g.GID != "" && e.field(idField) != g.GID {
				report.warn("group %s exists with gid %s; %s was asked for: kept", g.Name, e.field(idField), g.GID)
			}
			continue
		}
		args := option([]string{"dseditgroup", "-q", "-o", "create", "-n", "."}, "-i", g.GID)
		_, runErr := d.Runner.Run(ctx, run.Command{Args: append(args, g.Name)})
		now, err := d.groups(ctx)
		e, made := now[g.Name]
		if made {
			groups[g.Name] = e
			report.Created.Groups = append(report.Created.Groups, g)
		} else if runErr == nil && err == nil {
			err = errors.New("dseditgroup said nothing, but it is not there")
		}
		if err := errors.Join(runErr, err); err != nil {
			return nil, fmt.Errorf("cannot make the group %s: %w", g.Name, err)
		}
	}
	return groups, nil
}

func (d Darwin) ensureUsers(ctx context.Context, set Set, groups table, report *Report) error {
	users, err := d.users(ctx)
	if err != nil {
		return err
	}
	for _, u := range set.Users {
		if u.CreateHomeDirOnly {
			if err := makeHome(u); err != nil {
				return err
			}
			continue
		}
		e, exists, err := d.find(ctx, users, userRecords, u.Name)
		if err != nil {
			return err
		}
		if exists {
			compare(u, e, groups, report)
			continue
		}
		if err := d.makeUser(ctx, u, groups, report); err != nil {
			return fmt.Errorf("cannot make the user %s: %w", u.Name, err)
		}
	}
	return nil
}

// makeUser makes a user that nobody can log in as, and that the login window
// does not show.
func (d Darwin) makeUser(ctx context.Context, u User, groups table, report *Report) error {
	args := []string{"sysadminctl", "-addUser", u.Name}
	args = option(args, "-fullName", u.Description)
	args = option(args, "-UID", u.UID)
	if u.Group != "" {
		group, exists, err := d.find(ctx, groups, groupRecords, u.Group)
		if err != nil {
			return err
		}
		if !exists {
			return fmt.Errorf("there is no group %s", u.Group)
		}
		args = append(args, "-GID", group.field(idField))
	}
	args = append(args, "-home", or(u.HomeDir, darwinHome), "-shell", or(u.Shell, darwinShell))
	result, runErr := d.Runner.Run(ctx, run.Command{Args: args})
	now, err := d.users(ctx)
	e, made := now[u.Name]
	if made {
		report.Created.Users = append(report.Created.Users, u)
	} else if runErr == nil && err == nil {
		err = fmt.Errorf("%s made none: %s", run.Quote(args), result.Stderr)
	}
	if err := errors.Join(runErr, err); err != nil {
		return err
	}
	if u.Password != "" {
		report.warn("user %s: macOS takes no password that is encrypted already: it has none", u.Name)
	}
	for property, value := range map[string]string{"Password": "*", "IsHidden": "1"} {
		if _, err := d.Runner.Run(ctx, run.Command{Args: []string{"dscl", ".", "-create", "/Users/" + u.Name, property, value}}); err != nil {
			return err
		}
	}
	if !u.CreateHomeDir || u.HomeDir == "" {
		return nil
	}
	return makeOwnHome(u, e)
}

// makeOwnHome makes the home directory of a user, and gives it to the user. One
// that is there is left to whom it belongs.
func makeOwnHome(u User, e entry) error {
	if _, err := os.Stat(u.HomeDir); err == nil {
		return makeHome(u)
	}
	if err := makeHome(u); err != nil {
		return err
	}
	uid, err := strconv.Atoi(e.field(idField))
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(e.field(groupField))
	if err != nil {
		return err
	}
	return os.Chown(u.HomeDir, uid, gid)
}

// records say where a kind of account is, and which of its attributes are wanted,
// in the order of passwd(5).
type records struct {
	path       string
	attributes []string // "" for a field that is not wanted
}

var (
	userRecords  = records{"/Users", []string{"RecordName", "", "UniqueID", "PrimaryGroupID", "", "NFSHomeDirectory", "UserShell"}}
	groupRecords = records{"/Groups", []string{"RecordName", "", "PrimaryGroupID"}}
)

func (d Darwin) users(ctx context.Context) (table, error)  { return d.read(ctx, userRecords) }
func (d Darwin) groups(ctx context.Context) (table, error) { return d.read(ctx, groupRecords) }

// read reads all records of this machine.
func (d Darwin) read(ctx context.Context, kind records) (table, error) {
	result, err := d.Runner.Run(ctx, run.Command{Args: kind.words(".", "-readall", kind.path)})
	if err != nil {
		return nil, fmt.Errorf("cannot read the account database: %w", err)
	}
	var found []map[string][]string
	if _, err := plist.Unmarshal([]byte(result.Stdout), &found); err != nil {
		return nil, fmt.Errorf("cannot read the account database: what dscl printed is no property list: %w", err)
	}
	t := table{}
	for _, record := range found {
		e := kind.entry(record)
		for _, name := range record["dsAttrTypeStandard:RecordName"] {
			t[name] = e
		}
	}
	return t, nil
}

// find looks for an account in what was read, and then wherever this machine
// looks for accounts.
func (d Darwin) find(ctx context.Context, local table, kind records, name string) (entry, bool, error) {
	if e, ok := local[name]; ok {
		return e, true, nil
	}
	result, err := d.Runner.Run(ctx, run.Command{Args: kind.words("/Search", "-read", kind.path+"/"+name)})
	if run.Code(err) == unknownRecord {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("cannot look up accounts: %w", err)
	}
	var record map[string][]string
	if _, err := plist.Unmarshal([]byte(result.Stdout), &record); err != nil {
		return nil, false, fmt.Errorf("cannot look up accounts: what dscl printed is no property list: %w", err)
	}
	return kind.entry(record), true, nil
}

func (r records) words(node, verb, path string) []string {
	words := []string{"dscl", "-plist", node, verb, path}
	for _, attribute := range r.attributes {
		if attribute != "" {
			words = append(words, attribute)
		}
	}
	return words
}

func (r records) entry(record map[string][]string) entry {
	e := make(entry, len(r.attributes))
	for i, attribute := range r.attributes {
		if values := record["dsAttrTypeStandard:"+attribute]; len(values) > 0 {
			e[i] = values[0]
		}
	}
	return e
}
