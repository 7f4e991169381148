package sysvinit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"nixproc/lib/manager/place"
	"nixproc/lib/quote"
	"nixproc/lib/run"
)

// Boot is the one script by which System V init starts the processes of a
// profile when the machine boots, and stops them when it goes down.
type Boot struct {
	Runner  run.Runner
	Etc     string // the directory /etc
	Profile string // absolute path of the profile, not of a generation
	// Runlevel is the one whose scripts start; "" is the one that the machine
	// is in by then.
	Runlevel string
}

//go:embed boot.sh
var bootScript string

var unfitForFile = regexp.MustCompile(`[^A-Za-z0-9_-]`)

// Name of the script: nixproc for the profile processes, nixproc-NAME for
// others.
func (b Boot) Name() string {
	name := filepath.Base(b.Profile)
	if name == "processes" {
		return "nixproc"
	}
	return "nixproc-" + unfitForFile.ReplaceAllString(name, "_")
}

// Enable puts the script in place and has init run it. It may be called again.
func (b Boot) Enable(ctx context.Context) error {
	scripts, err := b.scripts()
	if err != nil {
		return err
	}
	if err := scripts.MayPut(b.Name()); err != nil {
		return err
	}
	text := strings.NewReplacer(
		"@name@", b.Name(), "@profile@", quote.Shell(b.Profile), "@runlevel@", quote.Shell(b.Runlevel),
	).Replace(bootScript)
	if _, err := scripts.Put(map[string]string{b.Name(): text}); err != nil {
		return err
	}
	if err := b.link(ctx); err != nil {
		return errors.Join(err, b.Disable(ctx))
	}
	return nil
}

// Disable removes the script and the links to it, if they are this profile's.
// What runs goes on running.
func (b Boot) Disable(ctx context.Context) error {
	scripts, err := b.scripts()
	if err != nil {
		return err
	}
	if removed, err := scripts.Remove(b.Name()); err != nil || !removed {
		return err
	}
	return b.unlink(ctx)
}

func (b Boot) scripts() (place.Directory, error) {
	for _, dir := range []string{"init.d", "rc.d/init.d"} {
		path := filepath.Join(b.Etc, dir)
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		return place.Directory{
			Path: path, Profile: b.Profile, Mode: 0o755,
			Begin: "# Put here by nixproc boot. Profile: ", Line: 1,
			// Whether another profile is to start at boot, only it can say.
			Holds: func(string, string) bool { return true },
		}, nil
	}
	return place.Directory{}, fmt.Errorf("%s/init.d does not exist: this machine does not boot by System V init", b.Etc)
}

// updateRC makes the links where there is such a program: it knows the order in
// which the scripts of the distribution come. See update-rc.d(8).
const updateRC = "update-rc.d"

func (b Boot) link(ctx context.Context) error {
	if _, err := exec.LookPath(updateRC); err == nil {
		_, err := b.Runner.Run(ctx, run.Command{Args: []string{updateRC, b.Name(), "defaults"}})
		return err
	}
	for link, to := range b.links() {
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return err
		}
		if is, err := os.Readlink(link); err == nil && is == to {
			continue
		}
		if err := os.Symlink(to, link); err != nil {
			return err
		}
	}
	return nil
}

func (b Boot) unlink(ctx context.Context) error {
	if _, err := exec.LookPath(updateRC); err == nil {
		_, err := b.Runner.Run(ctx, run.Command{Args: []string{updateRC, b.Name(), "remove"}})
		return err
	}
	var problems []error
	for link := range b.links() {
		if err := os.Remove(link); !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// links are those of the runlevels that the header of the script names: it
// starts last and stops first.
func (b Boot) links() map[string]string {
	base := b.Etc
	if _, err := os.Stat(filepath.Join(base, "init.d")); err != nil {
		base = filepath.Join(base, "rc.d")
	}
	links := map[string]string{}
	for _, level := range "0123456" {
		number := "S99"
		if strings.ContainsRune("016", level) {
			number = "K01"
		}
		links[filepath.Join(base, fmt.Sprintf("rc%c.d", level), number+b.Name())] = "../init.d/" + b.Name()
	}
	return links
}
