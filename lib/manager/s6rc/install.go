package s6rc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"nixproc/lib/manager"
	"nixproc/lib/replace"
	"nixproc/lib/run"
)

// link in the directory of the databases leads to the one that is live: a boot
// begins with it.
const link = "compiled"

// MayInstall compiles the services, and looks whether the live directory can be
// used.
func (m *Manager) MayInstall(ctx context.Context, there []manager.Unit) error {
	if err := errors.Join(m.fits(), m.unclaimed()); err != nil {
		return err
	}
	_, err := m.compile(ctx, there)
	return err
}

// longestSocket is the path of a socket in the live directory; unix(7) says how
// long one may be.
const (
	longestSocket = "servicedirs/s6rc-oneshot-runner/s"
	socketLimit   = 107
)

// fits fails if sockets in the live directory would have paths that are too long.
func (m *Manager) fits() error {
	live := m.Where().Live
	if over := len(filepath.Join(live, longestSocket)) - socketLimit; over > 0 {
		return fmt.Errorf("the path %s is too long by %d bytes for the sockets of s6-rc: give a shorter --runtime-dir", live, over)
	}
	return nil
}

// Install makes the database of the units the live one. What is to stop was
// stopped before, and what is to start is started afterwards, so that this
// changes nothing but files: s6-rc-update leaves alone what is up and depends on
// nothing that is down.
func (m *Manager) Install(ctx context.Context, gone, there []manager.Unit) error {
	place := m.Where()
	if len(there) == 0 && (len(gone) == 0 || !m.initialized()) {
		return nil
	}
	if err := m.unclaimed(); err != nil {
		return err
	}
	// Whatever becomes of the rest, the claim says whose the services are.
	if err := m.claim(len(there) > 0); err != nil {
		return err
	}
	database, err := m.compile(ctx, there)
	if err != nil {
		return err
	}
	switch {
	case !m.initialized():
		err = m.initialize(ctx, database)
	case m.live() != database:
		err = m.update(ctx, database)
	}
	if m.live() != database {
		if err == nil {
			err = fmt.Errorf("%s is still on another database than %s", place.Live, database)
		}
		return err
	}
	// Also after a failure: the link never leads to what is not live.
	target, linkErr := os.Readlink(filepath.Join(place.Databases, link))
	if linkErr != nil || target != database {
		err = errors.Join(err, renameio.Symlink(database, filepath.Join(place.Databases, link)))
	}
	if err != nil {
		return err
	}
	return m.removeObsolete(database)
}

// live is the database that s6-rc is on.
func (m *Manager) live() string {
	target, err := os.Readlink(filepath.Join(m.Where().Live, "compiled"))
	if err != nil {
		return ""
	}
	return target
}

// initializeWithin is how long s6-rc-init waits for the supervisors, which come
// at once.
const initializeWithin = 30 * time.Second

// initialize makes the live directory, with all services down.
func (m *Manager) initialize(ctx context.Context, database string) error {
	place := m.Where()
	_, err := m.Runner.Run(ctx, run.Command{Args: []string{
		"s6-rc-init", "-b", "-c", database, "-l", place.Live, "-t", fmt.Sprint(initializeWithin.Milliseconds()), place.Scan,
	}})
	return err
}

// What the exit codes of s6-rc-update mean, by its manual:
// https://skarnet.org/software/s6-rc/s6-rc-update.html.
var updateCodes = map[int]string{
	1:   "the database was switched, but some services did not start or stop",
	2:   "the database was switched, but some services took too long",
	4:   "a database is invalid",
	9:   "some services did not stop, and the database was not switched",
	10:  "services took too long to stop, and the database was not switched",
	126: "the database was switched, but s6-rc can't be run",
	127: "the database was switched, but s6-rc was not found",
}

func (m *Manager) update(ctx context.Context, database string) error {
	_, err := m.Runner.Run(ctx, run.Command{Args: []string{"s6-rc-update", "-b", "-l", m.Where().Live, database}})
	if meaning := updateCodes[run.Code(err)]; err != nil && meaning != "" {
		err = fmt.Errorf("%s: %w", meaning, err)
	}
	return err
}

// unclaimed fails if the live directory is another profile's.
func (m *Manager) unclaimed() error {
	for _, file := range m.claims() {
		owner, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // nobody's, or of the older tools
		}
		if err != nil {
			return err
		}
		if string(owner) == m.Profile {
			continue
		}
		if _, err := os.Lstat(string(owner)); errors.Is(err, fs.ErrNotExist) {
			continue // it was deleted
		}
		return fmt.Errorf("%s belongs to the profile %s: s6-rc has one set of services for a live directory; undeploy that profile first, or give this one other directories with --state-dir or --runtime-dir", filepath.Dir(file), owner)
	}
	return nil
}

// claims are the files that say whose the live directory and the databases are.
func (m *Manager) claims() []string {
	place := m.Where()
	return []string{place.Live + ".profile", filepath.Join(place.Databases, "profile")}
}

// claim writes down that they are this profile's, or that they are nobody's.
func (m *Manager) claim(ours bool) error {
	for _, file := range m.claims() {
		if !ours {
			if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		if owner, err := os.ReadFile(file); err == nil && string(owner) == m.Profile {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := replace.File(file, []byte(m.Profile), 0o644); err != nil {
			return err
		}
	}
	return nil
}
