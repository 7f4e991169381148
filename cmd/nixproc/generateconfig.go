package main

import (
	"fmt"
	"path/filepath"

	"nixproc/lib/tempdir"
	"nixproc/nixeval"
)

// generateConfig turns an agnostic configuration into one for a process manager,
// builds that, and prints its path, alone.
func generateConfig(s *session, o *options, operands []string) error {
	o.processManager = o.chosenManager()
	if err := knownManager(o.processManager, managers); err != nil {
		return err
	}
	if len(operands) != 1 {
		return usageError{"give one PATH, that of an agnostic configuration, NAME.json"}
	}
	file, err := existing("PATH", operands[0])
	if err != nil {
		return err
	}
	root, err := o.outLink()
	if err != nil {
		return err
	}
	temporary, err := tempdir.New()
	if err != nil {
		return err
	}
	defer temporary.Remove()

	config := nixeval.Config{File: file, Framework: nixeval.Framework()}
	if config.Framework == "" {
		// Its name is how an error tells our files from the user's.
		config.Framework = filepath.Join(temporary.Path, "nixproc")
		if err := writeNixFiles(config.Framework, "."); err != nil {
			return err
		}
	}
	if o.createExpr != "" {
		if config.Function, err = existing("--create-managed-process-expr", o.createExpr); err != nil {
			return err
		}
	}
	if o.hostPackages {
		if o.hostPackagesDir, err = writeHostPackages(temporary.Path); err != nil {
			return err
		}
	}
	r, err := request(o, o.processManager, nixeval.Source{ExprFile: file})
	if err != nil {
		return err
	}
	r.Root = filepath.Join(temporary.Path, "drv")
	nix, err := newNix(s.soft)
	if err != nil {
		return err
	}
	e, err := nix.EvaluateConfig(s.soft, r, config)
	if err != nil {
		return err
	}
	if err := nix.Realise(s.soft, e, root); err != nil {
		return err
	}
	fmt.Println(e.Profile)
	return nil
}
