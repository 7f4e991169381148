package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unicode"
)

const defaultStateDir = "/nix/var/nix"

// maxName leaves room for "-N-link" in a file name.
const maxName = 200

// Locate finds the profile of a name, which need not exist yet.
//
// NIX_USER_PROFILE_DIR is the directory when it is set, and for uid 0 it is
// ${NIX_STATE_DIR:-/nix/var/nix}/profiles otherwise. Everyone else gets that
// directory if NIX_STATE_DIR is set and they can write there; else, of the same
// directory, its per-user/$USER and ${XDG_STATE_HOME:-~/.local/state}/nix/profiles,
// the first writable one that already has the profile, so that a directory
// that appears later hides no profile; and for a new profile per-user/$USER if
// it can be written, else the last one. A profile that the caller has made stays
// where it is, also when its directory can't be written any more.
//
// Env looks up an environment variable; writable tells whether the caller may
// make files in a directory, nil asks the system.
func Locate(name string, env func(string) string, uid int, writable func(dir string) bool) (Profile, error) {
	if err := checkName(name); err != nil {
		return Profile{}, err
	}
	if writable == nil {
		writable = systemWritable
	}
	p := Profile{Name: name, StateDir: defaultStateDir}
	if dir := env("NIX_STATE_DIR"); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return Profile{}, fmt.Errorf("cannot resolve NIX_STATE_DIR: %w", err)
		}
		p.StateDir = abs
	}
	dir, err := p.directory(env, uid, writable)
	if err != nil {
		return Profile{}, err
	}
	p.Dir = dir
	return p, nil
}

func (p Profile) directory(env func(string) string, uid int, writable func(string) bool) (string, error) {
	if dir := env("NIX_USER_PROFILE_DIR"); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("cannot resolve NIX_USER_PROFILE_DIR: %w", err)
		}
		return abs, nil
	}
	shared := filepath.Join(p.StateDir, "profiles")
	if uid == 0 || env("NIX_STATE_DIR") != "" && (writable(nearest(shared)) || p.madeBy(uid, shared)) {
		return shared, nil
	}
	perUser := ""
	if login := loginName(env, uid); login != "" {
		perUser = filepath.Join(shared, "per-user", login)
	}
	home, homeErr := stateHome(env)
	for _, dir := range []string{shared, perUser, home} {
		if dir == "" {
			continue
		}
		_, err := os.Lstat(filepath.Join(dir, p.Name))
		if err == nil && (writable(dir) || p.madeBy(uid, dir)) {
			return dir, nil
		}
	}
	if perUser != "" && writable(perUser) {
		return perUser, nil
	}
	return home, homeErr
}

// madeBy says whether a directory has a profile of that name which a user has
// made.
func (p Profile) madeBy(uid int, dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, p.Name))
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == uid
}

// stateHome is the directory for profiles in the XDG base directory layout,
// where a relative XDG_STATE_HOME is to be ignored.
func stateHome(env func(string) string) (string, error) {
	if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "nix", "profiles"), nil
	}
	if dir := env("HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, ".local", "state", "nix", "profiles"), nil
	}
	return "", errors.New("there is no directory for the profile: HOME is not set; set it or NIX_USER_PROFILE_DIR")
}

// loginName is the name of the per-user directory; "" if it is not known, or
// no name of a directory.
func loginName(env func(string) string, uid int) string {
	name := env("USER")
	if name == "" {
		if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
			name = u.Username
		}
	}
	if name == "." || name == ".." || strings.Contains(name, "/") {
		return ""
	}
	return name
}

// nearest is the directory itself or the closest one above it that exists: if
// that can be written, the directory can be made.
func nearest(dir string) string {
	for {
		if _, err := os.Lstat(dir); err == nil || dir == "/" || dir == "." {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

func systemWritable(dir string) bool {
	const writeAndEnter = 2 | 1 // W_OK | X_OK
	info, err := os.Stat(dir)
	return err == nil && info.IsDir() && syscall.Access(dir, writeAndEnter) == nil
}

// checkName refuses names that are no single file name, that hide, or that
// would be taken for a link of another profile.
func checkName(name string) error {
	bad := func(why string) error {
		return fmt.Errorf("%q cannot be the name of a profile: %s", name, why)
	}
	switch {
	case name == "":
		return bad("it is empty")
	case strings.Contains(name, "/"):
		return bad("it has a slash; NIX_USER_PROFILE_DIR sets the directory")
	case strings.HasPrefix(name, "."):
		return bad("it begins with a dot")
	case len(name) > maxName:
		return bad(fmt.Sprintf("it is longer than %d bytes", maxName))
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }):
		return bad("it has a character that cannot be printed")
	}
	if head, ok := strings.CutSuffix(name, "-link"); ok {
		if i := strings.LastIndexByte(head, '-'); i > 0 {
			if _, err := strconv.Atoi(head[i+1:]); err == nil {
				return bad("it looks like a generation of the profile " + head[:i])
			}
		}
	}
	return nil
}

// InsideStateDir tells whether the profile lies in Nix's own profiles
// directory, where every link is a root of the garbage collector. Elsewhere
// each generation needs an indirect root. Nix does not enter linked
// directories there, so links on the way are resolved.
func (p Profile) InsideStateDir() bool {
	state := p.StateDir
	if state == "" {
		state = defaultStateDir
	}
	state, stateErr := filepath.EvalSymlinks(state)
	dir, dirErr := resolve(p.Dir)
	if stateErr != nil || dirErr != nil {
		return false
	}
	rel, err := filepath.Rel(filepath.Join(state, "profiles"), dir)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// resolve is EvalSymlinks for a path whose end may not exist yet.
func resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) != path {
		dir, err := resolve(filepath.Dir(path))
		return filepath.Join(dir, filepath.Base(path)), err
	}
	return real, err
}
