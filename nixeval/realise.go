package nixeval

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nix-community/go-nix/pkg/derivation"

	"nixproc/lib/run"
	"nixproc/lib/tempdir"
)

// BuildError says that something that the profile needs could not be built.
type BuildError struct {
	Text string
	Log  []string // the last lines of the failed builder
}

func (e *BuildError) Error() string {
	if len(e.Log) == 0 {
		return e.Text
	}
	return e.Text + "; its last lines:\n  " + strings.Join(e.Log, "\n  ")
}

// Realise builds the profile and makes root a link to it that keeps it from
// garbage collection; without a root, a collection at the same time may take
// it.
func (n Nix) Realise(ctx context.Context, e *Evaluation, root string) error {
	drv, err := e.derivation()
	if err != nil {
		return err
	}
	substitutes := n.wantsSubstituter(ctx, drv)
	for inputs := missing(drv); len(inputs) > portion; inputs = inputs[portion:] {
		if err := n.realise(ctx, inputs[:portion], substitutes, ""); err != nil {
			return err
		}
	}
	return n.realise(ctx, []string{e.Drv}, substitutes, root)
}

// portion is how many inputs one nix-store builds. Whenever one is done, Nix looks
// at all that wait: a thousand at once, as the images of a large model are, take
// four times as long. The last call builds again what a garbage collection takes
// in between.
const portion = 50

// missing are the inputs of a derivation that are still to be built, in the words
// of nix-store: DERIVATION!OUTPUT,...
func missing(drv *derivation.Derivation) []string {
	var found []string
	for _, path := range slices.Sorted(maps.Keys(drv.InputDerivations)) {
		outputs := drv.InputDerivations[path]
		if input, err := readDerivation(path); err != nil || misses(input, outputs) {
			found = append(found, path+"!"+strings.Join(outputs, ","))
		}
	}
	return found
}

func misses(drv *derivation.Derivation, outputs []string) bool {
	return slices.ContainsFunc(outputs, func(name string) bool {
		output := drv.Outputs[name]
		return output == nil || !exists(output.Path)
	})
}

// Keep makes root a link to a store path that exists already.
func (n Nix) Keep(ctx context.Context, storePath, root string) error {
	return n.realise(ctx, []string{storePath}, false, root)
}

func (n Nix) realise(ctx context.Context, what []string, substitutes bool, root string) error {
	args := append([]string{"nix-store", "--log-format", "internal-json", "--realise"}, what...)
	if !substitutes {
		args = append(args, "--option", "substitute", "false")
	}
	if root != "" {
		args = append(args, "--add-root", root, "--indirect")
	}
	dir, err := tempdir.New()
	if err != nil {
		return err
	}
	defer dir.Remove()
	log := filepath.Join(dir.Path, "log")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		return err
	}
	progress := follow(log, n.Notes)
	_, err = n.Runner.Run(ctx, run.Command{Args: args, Log: log, Timeout: timeout})
	progress.stop()
	switch {
	case err == nil:
		return nil
	case run.Code(err) < 0 || progress.failure == nil || progress.failure.aboutNixItself():
		return nixError("nix-store", progress.errors(), err)
	}
	return &BuildError{Text: progress.failure.summary(), Log: progress.logOf(progress.failure.summary())}
}

// add gives the store path of a file or directory, and adds it to the store if
// it is not there.
func (n Nix) add(ctx context.Context, path string) (string, error) {
	result, err := n.Runner.Run(ctx, run.Command{Args: []string{"nix-store", "--add", path}})
	if err != nil {
		return "", nixError("nix-store", parseMessages(result.Stderr), err)
	}
	added := strings.TrimSpace(result.Stdout)
	if filepath.Dir(added) != filepath.Clean(StoreDir()) {
		return "", fmt.Errorf("nix-store --add printed %q, where a path in %s is due", added, StoreDir())
	}
	return added, nil
}

// wantsSubstituter says whether building the derivation could make use of a
// binary cache that answers. Where it could not, asking one that does not
// answer costs five seconds.
func (n Nix) wantsSubstituter(ctx context.Context, drv *derivation.Derivation) bool {
	if substitutesOff() || !missesSubstitutable(drv, map[string]bool{}) {
		return false
	}
	if hosts := substituterHosts(); len(hosts) > 0 && !anyAnswers(ctx, hosts) {
		fmt.Fprintf(n.Notes, "no binary cache answers (%s): building without one\n", strings.Join(hosts, ", "))
		return false
	}
	return true
}

// missesSubstitutable says whether an input is missing that a binary cache may
// have.
func missesSubstitutable(drv *derivation.Derivation, seen map[string]bool) bool {
	for path, outputs := range drv.InputDerivations {
		asked := path + "!" + strings.Join(outputs, ",")
		if seen[asked] {
			continue
		}
		seen[asked] = true
		input, err := readDerivation(path)
		if err != nil {
			return true // let Nix say what is wrong with it
		}
		if !misses(input, outputs) {
			continue
		}
		if substitutable(input) || missesSubstitutable(input, seen) {
			return true
		}
	}
	return false
}

// substitutable says whether the author of the derivation allows a binary cache
// to be asked for it.
func substitutable(drv *derivation.Derivation) bool {
	if structured, ok := drv.Env["__json"]; ok {
		return !strings.Contains(structured, `"allowSubstitutes":false`)
	}
	allowed, given := drv.Env["allowSubstitutes"]
	return !given || allowed == "1"
}
