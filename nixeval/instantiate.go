package nixeval

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"nixproc/lib/run"
)

// expression names the Nix file that is to be evaluated: that of the directory
// which NIXPROC names, or else our own, whose text is given.
func (n Nix) expression(file, text string) []string {
	framework := os.Getenv("NIXPROC")
	if framework == "" {
		return []string{"-E", text}
	}
	own := filepath.Join(framework, file)
	if exists(own) {
		return []string{own}
	}
	fmt.Fprintf(n.Notes, "NIXPROC: there is no %s: the Nix files of this command are used\n", own)
	return []string{"-E", text}
}

// arguments are those that all expressions take which call a model.
func (r Request) arguments() []string {
	var args []string
	for _, pair := range [][2]string{
		{"exprFile", r.ExprFile}, {"processManager", r.Manager},
		{"stateDir", r.StateDir}, {"runtimeDir", r.RuntimeDir}, {"logDir", r.LogDir}, {"cacheDir", r.CacheDir},
		{"spoolDir", r.SpoolDir}, {"lockDir", r.LockDir}, {"libDir", r.LibDir}, {"tmpDir", r.TmpDir},
		{"callingUser", r.CallingUser}, {"callingGroup", r.CallingGroup},
	} {
		if pair[1] != "" {
			args = append(args, "--argstr", pair[0], pair[1])
		}
	}
	if r.Flake != nil {
		args = append(args, r.flakeArguments()...)
	}
	if r.ForceDisableUserChange {
		args = append(args, "--arg", "forceDisableUserChange", "true")
	}
	if r.ExtraParams != "" {
		args = append(args, "--arg", "extraParams", r.ExtraParams)
	}
	if r.HostPackages != "" {
		args = append(args, "-I", "nixpkgs="+r.HostPackages)
	}
	return args
}

// instantiate runs nix-instantiate with the arguments and those of the request,
// and passes on its warnings.
func (n Nix) instantiate(ctx context.Context, r Request, args []string) (run.Result, []message, error) {
	if err := errors.Join(n.writeRegistry(ctx, r), r.tracked(ctx, n.Runner)); err != nil {
		return run.Result{}, nil, err
	}
	registered, err := r.registered()
	if err == nil && len(registered) > 0 {
		err = n.locked(ctx, &r, registered)
	}
	if err != nil {
		return run.Result{}, nil, err
	}
	result, messages, err := n.instantiateOnce(ctx, r, args)
	if err != nil && r.Flake != nil && slices.ContainsFunc(messages, lacksLock) {
		// Older versions of Nix evaluate no such flake.
		if err := n.locked(ctx, &r, nil); err != nil {
			return result, nil, err
		}
		result, messages, err = n.instantiateOnce(ctx, r, args)
	}
	if err != nil {
		return result, messages, n.evaluationError(r, messages, err)
	}
	n.note(r, messages)
	return result, messages, nil
}

func (n Nix) instantiateOnce(ctx context.Context, r Request, args []string) (run.Result, []message, error) {
	if r.isCopy() && r.Flake.Dir != "" {
		checkout := *r.Flake
		var err error
		if checkout.URL, err = r.urlOfCopy(ctx, n.Runner); err != nil {
			return run.Result{}, nil, err
		}
		checkout.Tree, r.Flake = "", &checkout
	}
	args = slices.Concat([]string{"nix-instantiate", "--log-format", "internal-json", "--show-trace"}, args, r.arguments())
	// Relative paths in extra parameters are relative to where the user is.
	dir, err := os.Getwd()
	if err != nil {
		return run.Result{}, nil, err
	}
	env := append(os.Environ(), "NIXPROC_BUILDER="+n.Builder)
	if n.First != "" {
		env = append(env, "NIXPROC_INIT="+n.First)
	}
	env = append(env, r.suite...)
	result, err := n.Runner.Run(ctx, run.Command{Args: args, Dir: dir, Env: env, Timeout: timeout})
	return result, parseMessages(result.Stderr), err
}
