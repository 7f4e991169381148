package systemd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// The target that a boot, or the start of the user's systemd, brings up, and
// which wants all units of the profile. One link enables all of them, so that
// none is left over when a unit goes.

// usualProfile is the name of the profile whose target has no name of its own.
const usualProfile = "processes"

// target is the name of this profile's target.
func (m *Manager) target() string {
	name := filepath.Base(m.Profile)
	if name == usualProfile {
		return "nixproc.target"
	}
	return "nixproc-" + escape(name) + ".target"
}

// escape writes text so that it can be in the name of a unit, as
// systemd-escape(1) does.
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.', c == ':':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

// wantedBy is what is brought up anyway (systemd.special(7)).
func (m *Manager) wantedBy() string {
	if m.User {
		return "default.target"
	}
	return "multi-user.target"
}

func (m *Manager) targetText(units []string) string {
	return fmt.Sprintf("[Unit]\nDescription=Processes of the profile %s\nWants=%s\n\n[Install]\nWantedBy=%s\n",
		quote.SystemdLine(m.Profile), strings.Join(units, " "), m.wantedBy())
}

// stopTarget is for a target that is about to go: a boot may have started it,
// and systemd would keep its name. That stops no unit that it wants.
func (m *Manager) stopTarget(ctx context.Context) error {
	if ours, err := m.place().Has(m.target()); err != nil || !ours {
		return err
	}
	_, err := m.Runner.Run(ctx, run.Command{Args: m.systemctl("stop", "--", m.target())})
	return err
}

// link is the one by which the target comes up, and where it leads.
func (m *Manager) link() (path, to string) {
	return filepath.Join(m.Dir, m.wantedBy()+".wants", m.target()), "../" + m.target()
}

// mayEnable refuses anything else that is where the link is to be.
func (m *Manager) mayEnable() error {
	path, to := m.link()
	if is, err := os.Readlink(path); errors.Is(err, fs.ErrNotExist) || err == nil && is == to {
		return nil
	}
	return fmt.Errorf("%s is in the way: it should be a link to %s; remove it", path, to)
}

// enable makes or removes the link; it says whether it did.
func (m *Manager) enable(on bool) (bool, error) {
	path, to := m.link()
	is, err := os.Readlink(path)
	there := err == nil && is == to
	if on == there {
		return false, nil
	}
	if on {
		return true, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(to, path))
	}
	// Another target of the same name, of a profile elsewhere, keeps its link.
	if _, err := os.Lstat(filepath.Join(m.Dir, m.target())); err == nil {
		return false, nil
	}
	err = os.Remove(path)
	_ = os.Remove(filepath.Dir(path)) // if that was the last
	return true, err
}
