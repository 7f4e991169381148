package s6rc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/manager"
	"nixproc/lib/run"
	"nixproc/lib/run/runtest"
)

// expectCompile stands for s6-rc-compile: it makes a directory, or fails and
// leaves half of it.
func expectCompile(t *testing.T, fake *runtest.Fake, fails bool) {
	t.Helper()
	fake.ExpectFunc("s6-rc-compile", func(c run.Command) bool { return c.Args[0] == "s6-rc-compile" }).
		Do(func(_ context.Context, c run.Command) (run.Result, error) {
			if err := os.Mkdir(c.Args[1], 0o755); err != nil {
				t.Error(err)
			}
			if contents, err := os.ReadFile(filepath.Join(c.Args[2], "default", "contents")); err != nil || len(c.Args) != 3 {
				t.Errorf("%q: %s, %v", c.Args, contents, err)
			}
			if fails {
				return run.Result{}, &run.Error{Command: c, Code: 1, Tail: "undefined service", Cause: errors.New("exit")}
			}
			return run.Result{}, nil
		})
}

// goesTo stands for a program that puts the live directory on a database.
func goesTo(m *Manager, code int) func(context.Context, run.Command) (run.Result, error) {
	return func(_ context.Context, c run.Command) (run.Result, error) {
		for _, arg := range c.Args {
			if strings.HasPrefix(filepath.Base(arg), databasePrefix) {
				link := filepath.Join(m.Where().Live, "compiled")
				if err := errors.Join(os.MkdirAll(m.Where().Live, 0o755), os.RemoveAll(link), os.Symlink(arg, link)); err != nil {
					return run.Result{}, err
				}
			}
		}
		if code != 0 {
			return run.Result{}, &run.Error{Command: c, Code: code, Cause: errors.New("exit")}
		}
		return run.Result{}, nil
	}
}

func by(program string) func(run.Command) bool {
	return func(c run.Command) bool { return c.Args[0] == program }
}

func (m *Manager) linkAndDatabases(t *testing.T) (leads string, databases []string) {
	t.Helper()
	leads, _ = os.Readlink(filepath.Join(m.Where().Databases, "compiled"))
	databases, err := filepath.Glob(filepath.Join(m.Where().Databases, "*ompil*-*"))
	if err != nil {
		t.Fatal(err)
	}
	return leads, databases
}

// D13: half a database is none, the old one stays until the link has moved, and
// whether s6-rc went on to the new one is told by what is live.
func TestInstall(t *testing.T) {
	t.Parallel()
	m, fake := newManager(t, false)
	one := []manager.Unit{unitOf("a", longrun("a"))}
	two := append(one, unitOf("b", oneshot("b")))

	expectCompile(t, fake, false)
	fake.ExpectFunc("s6-rc-init", by("s6-rc-init")).Do(goesTo(m, 0))
	if err := m.Install(t.Context(), nil, one); err != nil {
		t.Fatal(err)
	}
	first, databases := m.linkAndDatabases(t)
	if first == "" || len(databases) != 1 || m.live() != first {
		t.Errorf("compiled leads to %q, there are %q", first, databases)
	}
	// Again: nothing is run.
	if err := m.Install(t.Context(), nil, one); err != nil {
		t.Error(err)
	}

	// Half a database is none, and the old one stays.
	expectCompile(t, fake, true)
	if err := m.MayInstall(t.Context(), two); err == nil || !strings.Contains(err.Error(), "undefined service") {
		t.Error(err)
	}
	if leads, databases := m.linkAndDatabases(t); leads != first || len(databases) != 1 {
		t.Errorf("compiled leads to %q, there are %q", leads, databases)
	}

	// By s6-rc-update's manual, 9 is "not switched", 1 is "switched".
	expectCompile(t, fake, false)
	fake.ExpectFunc("s6-rc-update", by("s6-rc-update")).Fail(9, "")
	if err := m.Install(t.Context(), nil, two); err == nil || !strings.Contains(err.Error(), "the database was not switched") {
		t.Error(err)
	}
	if leads, databases := m.linkAndDatabases(t); leads != first || len(databases) != 2 {
		t.Errorf("compiled leads to %q, there are %q", leads, databases)
	}
	fake.ExpectFunc("s6-rc-update", by("s6-rc-update")).Do(goesTo(m, 1))
	if err := m.Install(t.Context(), nil, two); err == nil || !strings.Contains(err.Error(), "the database was switched, but") {
		t.Error(err)
	}
	second, databases := m.linkAndDatabases(t)
	if second == first || second != m.live() || len(databases) != 2 {
		t.Errorf("compiled leads to %q, there are %q", second, databases)
	}
	// The undo: the old database is still there.
	fake.ExpectFunc("s6-rc-update", by("s6-rc-update")).Do(goesTo(m, 0))
	if err := m.Install(t.Context(), two[1:], one); err != nil {
		t.Error(err)
	}
	if leads, databases := m.linkAndDatabases(t); leads != first || len(databases) != 1 {
		t.Errorf("compiled leads to %q, there are %q", leads, databases)
	}
}

// One profile for a live directory: the second hears of the first, until that
// has nothing there any more, or is gone.
func TestOneProfile(t *testing.T) {
	t.Parallel()
	m, fake := newManager(t, false)
	one := []manager.Unit{unitOf("a", longrun("a"))}
	if err := os.Symlink("processes-1-link", m.Profile); err != nil {
		t.Fatal(err)
	}
	expectCompile(t, fake, false)
	fake.ExpectFunc("s6-rc-init", by("s6-rc-init")).Do(goesTo(m, 0))
	if err := m.Install(t.Context(), nil, one); err != nil {
		t.Fatal(err)
	}
	other := &Manager{Runner: m.Runner, Where: m.Where, Profile: m.Profile + "-other"}
	two := []manager.Unit{unitOf("b", oneshot("b"))}
	for _, err := range []error{other.MayInstall(t.Context(), two), other.Install(t.Context(), nil, two)} {
		if err == nil || !strings.Contains(err.Error(), "belongs to the profile "+m.Profile+":") {
			t.Error(err)
		}
	}
	if err := other.Install(t.Context(), nil, nil); err != nil {
		t.Errorf("nothing to install: %v", err)
	}
	expectCompile(t, fake, false)
	fake.ExpectFunc("s6-rc-update", by("s6-rc-update")).Do(goesTo(m, 0))
	if err := m.Install(t.Context(), one, nil); err != nil {
		t.Fatal(err)
	}
	expectCompile(t, fake, false)
	if err := other.MayInstall(t.Context(), two); err != nil {
		t.Error(err)
	}
	if err := m.claim(true); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(m.Profile); err != nil {
		t.Fatal(err)
	}
	if err := other.unclaimed(); err != nil {
		t.Errorf("the first profile was deleted: %v", err)
	}
}

// Sockets of s6-rc have paths in the live directory.
func TestPathTooLong(t *testing.T) {
	t.Parallel()
	m, _ := newManager(t, false)
	place := m.Where()
	place.Live = "/" + strings.Repeat("x", 80)
	m.Where = func() Place { return place }
	if err := m.MayInstall(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "too long by 8 bytes") {
		t.Error(err)
	}
}

// P11, P12: whoever interrupts a switch, or bounds its time, means s6-rc-compile,
// too.
func TestCompilingCanBeInterrupted(t *testing.T) {
	t.Parallel()
	m, fake := newManager(t, false)
	ctx, interrupt := context.WithCancel(t.Context())
	fake.ExpectFunc("s6-rc-compile", by("s6-rc-compile")).Do(func(ctx context.Context, _ run.Command) (run.Result, error) {
		interrupt()
		return run.Result{}, ctx.Err()
	})
	if err := m.MayInstall(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
