package nixeval

import (
	"context"
	"os"
	"path/filepath"

	"nixproc/lib/ids"
)

// Config is an agnostic configuration, NAME.json, that is to become one for a
// process manager.
type Config struct {
	File      string // absolute path
	Framework string // directory of the framework's Nix files
	// Function is the absolute path of the expression that composes
	// createManagedProcess; "" is the framework's own.
	Function string
}

// EvaluateConfig evaluates the package that a configuration becomes, once,
// without building anything.
func (n Nix) EvaluateConfig(ctx context.Context, r Request, c Config) (*Evaluation, error) {
	functions := filepath.Join(c.Framework, "create-managed-process")
	if c.Function == "" {
		c.Function = filepath.Join(functions, "universal/create-managed-process-universal.nix")
	}
	args := []string{
		filepath.Join(functions, "agnostic/create-managed-process-from-config.nix"),
		"--arg", "configFile", nixPath(c.File), "--arg", "createManagedProcessExpr", nixPath(c.Function),
	}
	if r.Root != "" {
		args = append(args, "--add-root", r.Root, "--indirect")
	}
	result, _, err := n.instantiate(ctx, r, args)
	if err != nil {
		return nil, err
	}
	return printed(result.Stdout)
}

// nixPath writes a path as an expression, whatever characters it has.
func nixPath(path string) string { return "/. + " + ids.NixString(path) }

// Framework is the directory of the framework's Nix files that NIXPROC names; ""
// if it names none.
func Framework() string { return os.Getenv("NIXPROC") }
