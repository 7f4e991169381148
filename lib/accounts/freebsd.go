package accounts

import (
	"context"
	"time"

	"nixproc/lib/run"
)

// FreeBSD is the database of pw(8). Its files are those of passwd(5) and
// group(5), as on Linux, and what is done about them is the same.
type FreeBSD struct {
	Runner run.Runner

	// PasswdFile and GroupFile are what pw writes; "" is /etc/passwd and
	// /etc/group.
	PasswdFile, GroupFile string

	// Patience is how long a user whose processes still run is retried;
	// 0 is 5 s.
	Patience time.Duration
}

var _ Database = FreeBSD{}

// Missing gives what of a set does not exist.
func (f FreeBSD) Missing(ctx context.Context, set Set) (Set, error) {
	return f.files().Missing(ctx, set)
}

// Ensure makes what does not exist.
func (f FreeBSD) Ensure(ctx context.Context, set Set) (Report, error) {
	return f.files().Ensure(ctx, set)
}

// Remove removes users, then groups.
func (f FreeBSD) Remove(ctx context.Context, set Set) (Report, error) {
	return f.files().Remove(ctx, set)
}

func (f FreeBSD) files() Linux {
	return Linux{Runner: f.Runner, PasswdFile: f.PasswdFile, GroupFile: f.GroupFile, Patience: f.Patience, tools: &pw}
}

// Exit codes of pw(8), which are those of sysexits(3), and our own.
const (
	pwNoGroup = 65 // EX_DATAERR
	pwNoUser  = 67 // EX_NOUSER
)

var pw = tools{
	groupAdd: pwGroupAdd, userAdd: pwUserAdd,
	groupDel: func(name string) []string { return []string{"pw", "group", "del", "-n", name} },
	userDel:  func(name string) []string { return []string{"sh", "-c", pwUserDel, "sh", name} },
	userGone: pwNoUser, userBusy: inUse, groupGone: pwNoGroup,
}

// pwUserDel looks for processes of the user first, which pw does not, and says
// so as userdel(8) on Linux would.
const pwUserDel = `pid=$(pgrep -o -U "$1")
if [ -n "$pid" ]; then
	echo "pw: user $1 is currently used by process $pid" >&2
	exit 8
fi
exec pw user del -n "$1"`

func pwGroupAdd(g Group) []string {
	return option([]string{"pw", "group", "add", "-n", g.Name}, "-g", g.GID)
}

// noHome is what the base system's own users have that need no directory.
const noHome = "/var/empty"

func pwUserAdd(u User) []string {
	args := []string{"pw", "user", "add", "-n", u.Name}
	args = option(args, "-u", u.UID)
	args = option(args, "-g", u.Group)
	args = option(args, "-c", u.Description)
	args = append(args, "-d", or(u.HomeDir, noHome))
	args = option(args, "-s", u.Shell)
	if u.CreateHomeDir && u.HomeDir != "" {
		args = append(args, "-m")
	}
	if u.Password == "" {
		return args
	}
	// pw reads an encrypted password from a file descriptor only. In a variable,
	// no message shows it.
	return append([]string{"env", "PASSWORD=" + u.Password, "sh", "-c", `printf '%s\n' "$PASSWORD" | "$@" -H 0`, "sh"}, args...)
}
