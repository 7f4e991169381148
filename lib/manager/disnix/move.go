package disnix

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/manifestxml"
	"nixproc/lib/run"
	"nixproc/lib/tempdir"
)

// timeout of a deployment: each process may take its time.
const timeout = time.Hour

// Move has Disnix go from one manifest to another. It compares no more than the
// manifests, so it is given one in which those that have to start are missing.
func (m Manager) Move(ctx context.Context, old, new string, start []manager.Unit) error {
	temporary, err := tempdir.New()
	if err != nil {
		return err
	}
	defer temporary.Remove()
	dir := temporary.Path
	from, err := m.from(dir, old, start)
	if err != nil {
		return err
	}
	if new == "" {
		if new, err = m.nothing(ctx, dir, old); err != nil {
			return err
		}
	}
	// To end what has ended fails, and to start it does nothing, as long as its
	// file is there.
	before, err := m.unitsOf(old)
	if err != nil {
		return err
	}
	for _, unit := range slices.Concat(before, start) {
		if err := removeStale(unit); err != nil {
			return fmt.Errorf("process '%s': %w", unit.Name, err)
		}
	}
	args := []string{"disnix-deploy"}
	if m.Profile != DefaultProfile {
		args = append(args, "-p", m.Profile)
	}
	if !m.Own {
		args = append(args, "--coordinator-profile-path", m.Coordinator)
	}
	if from != "" {
		args = append(args, "-o", from)
	}
	result, err := m.Runner.Run(ctx, run.Command{Args: append(args, new), Env: environment(), Timeout: timeout})
	if err != nil {
		return explain(err, result.Stderr, new, from)
	}
	return seen(ctx, start)
}

// from gives the path of the manifest that Disnix is to compare with: what was
// deployed, but for the services that have to be activated again. "" leaves it to
// Disnix, which has nothing to compare with then.
func (m Manager) from(dir, old string, start []manager.Unit) (string, error) {
	if old == "" {
		if _, err := os.Stat(filepath.Join(m.Coordinator, m.Profile)); err != nil {
			return "", nil
		}
		return write(dir, manifestxml.Manifest{})
	}
	previous, err := manifestxml.Read(old)
	if err != nil {
		return "", err
	}
	inactive := false
	for i := range previous.Services {
		one := &previous.Services[i]
		if slices.ContainsFunc(start, func(u manager.Unit) bool { return serviceOf(u) == one.Key }) {
			inactive = inactive || one.Active
			one.Active = false
		}
	}
	if !inactive {
		return old, nil
	}
	return write(dir, *previous)
}

func write(dir string, m manifestxml.Manifest) (string, error) {
	file := filepath.Join(dir, "manifest.xml")
	return file, os.WriteFile(file, m.Encode(), 0o600)
}

func (m Manager) unitsOf(profile string) ([]manager.Unit, error) {
	if profile == "" {
		return nil, nil
	}
	return m.Units(profile)
}

// nothing gives the store path of a manifest without services, for the same target
// as another: profiles are links into the store.
func (m Manager) nothing(ctx context.Context, dir, like string) (string, error) {
	other, err := manifestxml.Read(like)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "nothing")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	file, err := write(dir, manifestxml.Manifest{System: other.System, ClientInterface: other.ClientInterface})
	if err != nil {
		return "", err
	}
	result, err := m.Runner.Run(ctx, run.Command{Args: []string{"nix-store", "--add", file}})
	return strings.TrimSpace(result.Stdout), err
}

func serviceOf(unit manager.Unit) string {
	own, _ := unit.Own.(Unit)
	return own.Service
}

var failedService = regexp.MustCompile(`(Activation|Deactivation) failed of service: ([0-9a-f]+)`)

// explain names the process that Disnix failed on.
func explain(err error, stderr string, manifests ...string) error {
	match := failedService.FindStringSubmatch(stderr)
	if match == nil {
		if strings.Contains(stderr, "Cannot exclusively open the lock file") {
			return fmt.Errorf("another deployment of Disnix is at work, or one was killed: %w", err)
		}
		return err
	}
	for _, path := range manifests {
		m, readErr := manifestxml.Read(path)
		if readErr != nil {
			continue
		}
		for _, service := range m.Services {
			if service.Key == match[2] {
				return fmt.Errorf("process '%s': %s failed: %w", service.Name, strings.ToLower(match[1]), err)
			}
		}
	}
	return err
}
