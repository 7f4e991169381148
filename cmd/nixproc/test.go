package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/examples"
	"nixproc/lib/suite"
	"nixproc/lib/tempdir"
	"nixproc/lib/testmachine"
	"nixproc/nixeval"
	"nixproc/nixproc"
)

// suiteProfiles are who can deploy in a test.
var suiteProfiles = []string{"privileged", "unprivileged"}

// suiteManagers are the process managers that can be tested without a virtual machine.
var suiteManagers = []string{"docker", "s6-rc", "supervisord", "systemd", "sysvinit"}

// testSuites runs suites of tests, each variant in a private machine.
func testSuites(s *session, o *options, operands []string) (err error) {
	wanted, kinds, err := suiteWishes(o)
	if err != nil {
		return err
	}
	if wanted.Files, err = suiteFiles(operands); err != nil {
		return err
	}
	if o.junit != "" {
		if info, err := os.Stat(filepath.Dir(o.junit)); err != nil || !info.IsDir() {
			return usageError{"--junit: there is no directory " + filepath.Dir(o.junit)}
		}
	}
	if os.Geteuid() != 0 {
		return errors.New("only root can make the machines that suites run in: run nixproc test as root")
	}
	if _, err := exec.LookPath("python3"); err != nil {
		return errors.New("python3, which runs what suites say, is not on PATH: install it")
	}
	work, err := testmachine.NewWorkDir()
	if err != nil {
		return err
	}
	kept := false
	defer func() { err = errors.Join(err, work.Close(kept)) }()
	suites, err := s.buildSuites(o, work.Path, wanted)
	if err != nil {
		return err
	}
	if len(suites) == 0 {
		return &nixeval.ModelError{Text: strings.Join(operands, ", ") + ": there is no suite in it: a suite is what testService gives"}
	}
	bin, err := s.commandLinks(work.Path)
	if err != nil {
		return err
	}
	runner := suite.Runner{
		Work: work, Bin: bin, Jobs: o.jobs, Timeout: o.timeout, Keep: o.keep, Ended: tellEnded,
		Logs: filepath.Join(os.TempDir(), strings.Replace(filepath.Base(work.Path), tempdir.Prefix, "nixproc-logs-", 1)),
	}
	if o.interactive {
		runner.Failed = s.shellIn
	}
	results := runner.Run(s.soft, suites, kinds)
	kept = slices.ContainsFunc(results, func(r suite.Result) bool { return r.Enter != "" })
	if o.junit != "" {
		err = suite.WriteJUnit(o.junit, results)
	}
	return errors.Join(printTrials(results, o.json), err)
}

// suiteFiles are the files that the operands name.
func suiteFiles(operands []string) (files []string, err error) {
	if len(operands) == 0 {
		return nil, usageError{"no SUITE was given: name a file that calls testService, or a directory with a default.nix"}
	}
	for _, operand := range operands {
		file, prebuilt, err := fileOrProfile(operand)
		if err != nil {
			return nil, err
		}
		if prebuilt {
			return nil, &nixeval.ModelError{Text: operand + " has no default.nix: a suite is a file that calls testService"}
		}
		files = append(files, file)
	}
	return files, nil
}

// suiteWishes are what -P, --profile and --variant ask for; all without them.
func suiteWishes(o *options) (wanted nixeval.Suites, kinds []string, err error) {
	for _, list := range []struct {
		option, value string
		all, usual    []string
		into          *[]string
	}{
		{"--process-manager", o.processManager, managers, suiteManagers, &wanted.Managers},
		{"--profile", o.suiteProfiles, suiteProfiles, suiteProfiles, &wanted.Profiles},
		{"--variant", o.variants, suite.Kinds, suite.Kinds, &kinds},
	} {
		*list.into = list.usual
		if list.value == "" {
			continue
		}
		*list.into = strings.Split(list.value, ",")
		for _, word := range *list.into {
			if !slices.Contains(list.all, word) {
				return wanted, nil, usageError{fmt.Sprintf("%s: there is no '%s': use %s", list.option, word, strings.Join(list.all, ", "))}
			}
		}
	}
	for _, manager := range wanted.Managers {
		if suite.Missing(manager) == "" {
			wanted.Available = append(wanted.Available, manager)
		}
	}
	return wanted, kinds, nil
}

// buildSuites evaluates the suites of a file, checks their models, and builds all
// that they need.
func (s *session) buildSuites(o *options, dir string, wanted nixeval.Suites) ([]suite.Suite, error) {
	nix, err := newNix(s.soft)
	if err != nil {
		return nil, err
	}
	if o.hostPackages {
		if o.hostPackagesDir, err = writeHostPackages(dir); err != nil {
			return nil, err
		}
	}
	wanted.Framework = filepath.Join(dir, "framework")
	err = errors.Join(
		writeFiles(filepath.Join(wanted.Framework, "nixproc"), nixproc.Files, "."),
		writeFiles(filepath.Join(wanted.Framework, "examples"), examples.Files, "."))
	if err != nil {
		return nil, err
	}
	r := nixeval.Request{
		HostPackages: o.hostPackagesDir, ShowTrace: o.showTrace, Temporary: dir, Root: filepath.Join(dir, "drv"),
	}
	e, data, err := nix.EvaluateSuites(s.soft, r, wanted)
	if err != nil {
		return nil, err
	}
	suites, err := suite.Parse(data)
	if err != nil {
		return nil, &nixeval.ModelError{Text: err.Error()}
	}
	suite.Only(suites, wanted.Profiles, wanted.Managers)
	for _, one := range suites {
		if one.HasNixosConfig {
			note("suite '%s': its nixosConfig is for virtual machines, and left out", one.Name)
		}
		if err := s.skipImpossible(nix, r, wanted, one); err != nil {
			return nil, err
		}
		if err := checkSuite(one); err != nil {
			return nil, err
		}
	}
	if err := suite.CheckStatements(suites); err != nil {
		return nil, err
	}
	return suites, nix.Realise(s.soft, e, filepath.Join(dir, "suites"))
}

// skipImpossible says which variants of a suite can't be run on this machine. What is
// wrong otherwise is an error.
func (s *session) skipImpossible(nix nixeval.Nix, r nixeval.Request, wanted nixeval.Suites, one suite.Suite) error {
	why := ""
	for _, v := range one.Variants {
		v.Skip = suite.Missing(v.Manager)
		if v.Skip != "" || !v.Wrong {
			continue
		}
		if why == "" {
			wanted.Only = v.Name()
			_, _, err := nix.EvaluateSuites(s.soft, r, wanted)
			if err == nil {
				return fmt.Errorf("suite '%s' can be evaluated, and then it can't", v.Name())
			}
			_, what, is := strings.Cut(err.Error(), nixeval.NoSuchProgram)
			if !is {
				return inSuite(v.Name(), err)
			}
			why, _, _ = strings.Cut("there is no "+what, "\n")
		}
		v.Skip = why
	}
	return nil
}

// inSuite names the suite that an expression is of which can't be evaluated.
func inSuite(name string, err error) error {
	if wrong, is := errors.AsType[*nixeval.ModelError](err); is {
		return &nixeval.ModelError{Text: fmt.Sprintf("suite '%s': %s", name, wrong.Text)}
	}
	return err
}

// checkSuite tells all that is wrong with the models of a suite.
func checkSuite(one suite.Suite) error {
	problems := map[string]bool{}
	for _, v := range one.Variants {
		if v.Skip != "" {
			continue
		}
		e := &nixeval.Evaluation{Drv: v.System.Derivation}
		if _, err := check(e, nixeval.Source{ExprFile: v.Name()}); err != nil {
			return err
		}
		contents, err := e.Model()
		if err != nil {
			return err
		}
		for _, conflict := range v.Conflicts(contents) {
			problems[conflict] = true
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return &nixeval.ModelError{Text: fmt.Sprintf("suite '%s': its processes get in each other's way:\n%s", one.Name, strings.Join(slices.Sorted(maps.Keys(problems)), "\n"))}
}

// commandLinks makes a directory with the commands by all their names.
func (s *session) commandLinks(dir string) (string, error) {
	nix, err := newNix(s.soft)
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "bin")
	err = os.Mkdir(bin, 0o755)
	for name := range commands() {
		err = errors.Join(err, os.Symlink(nix.Builder, filepath.Join(bin, "nixproc-"+name)))
	}
	return bin, errors.Join(err, os.Symlink(nix.Builder, filepath.Join(bin, "nixproc")))
}

// shellIn opens a shell in the machine of a trial that failed.
func (s *session) shellIn(r suite.Result, m *testmachine.Machine) {
	note("%s %s %s %s failed: %s\na shell in its machine; exit goes on", r.Suite, r.Profile, r.Manager, r.Kind, r.Message)
	shell := m.Command(s.ctx, "root", "sh", "-l")
	shell.Stdin, shell.Stdout, shell.Stderr = os.Stdin, os.Stderr, os.Stderr
	shell.Run() // its exit code is that of what was typed last
}
