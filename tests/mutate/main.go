// Command mutate breaks one rule of the product at a time, in a copy of the
// tree, and runs the test that guards the rule: that test has to fail. It shows
// that the tests can fail. It knows the text of the product's files, and says
// so when a text that it wants to change is no longer there.
//
//	go run ./tests/mutate [-run REGEXP]
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// timeout bounds the test of one saboteur.
const timeout = 3 * time.Minute

func main() {
	only := flag.String("run", "", "only saboteurs whose rule matches this regular expression")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := mutate(ctx, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		stop()
		os.Exit(1)
	}
}

func mutate(ctx context.Context, only string) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	tree, err := os.MkdirTemp("", "nixproc-mutate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tree)
	if err := copyTracked(tree); err != nil {
		return err
	}

	caught, missed := 0, 0
	for _, s := range all() {
		if !wanted.MatchString(s.rule) {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		begin := time.Now()
		verdict, err := s.run(ctx, tree)
		if err != nil {
			return fmt.Errorf("%s: %w", s.rule, err)
		}
		word := "caught"
		if verdict == "" {
			caught++
		} else {
			missed++
			word = "MISSED"
		}
		fmt.Printf("%s  %-62s %s %s (%s)\n", word, s.rule, s.pkg, s.test, time.Since(begin).Round(100*time.Millisecond))
		if verdict != "" {
			fmt.Printf("        %s\n", strings.ReplaceAll(verdict, "\n", "\n        "))
		}
	}
	fmt.Printf("%d saboteurs caught, %d missed\n", caught, missed)
	if missed > 0 {
		return fmt.Errorf("%d rules have no test that notices when they are broken", missed)
	}
	return nil
}

func all() []saboteur {
	return slices.Concat(saboteurs, ofTheJournal, ofReadiness, ofImages, ofMutableImages, ofContainers, ofTheOriginal, ofSupervisord, ofSystemd, ofCommands, ofInstallation, ofDocuments, ofServices, ofMachines, ofSuites, ofNetworks)
}

// changed gives the file that the saboteur changes, in a tree, as it is and as
// it is to be.
func (s saboteur) changed(tree string) (original, broken []byte, err error) {
	if original, err = os.ReadFile(filepath.Join(tree, s.file)); err != nil {
		return nil, nil, err
	}
	if n := bytes.Count(original, []byte(s.from)); n != 1 {
		return nil, nil, fmt.Errorf("%s has the text %q %d times, want once: adapt this saboteur", s.file, s.from, n)
	}
	return original, bytes.Replace(original, []byte(s.from), []byte(s.to), 1), nil
}

// copyTracked copies the files that are part of the tree.
func copyTracked(to string) error {
	list, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		data, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, data, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}

// run applies the change, runs the test, and takes the change back. The verdict
// is "" if the test noticed.
func (s saboteur) run(ctx context.Context, tree string) (verdict string, err error) {
	file := filepath.Join(tree, s.file)
	original, broken, err := s.changed(tree)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(file, broken, info.Mode().Perm()); err != nil {
		return "", err
	}
	defer func() {
		if restoreErr := os.WriteFile(file, original, info.Mode().Perm()); err == nil {
			err = restoreErr
		}
	}()

	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-vet=off", "-run", "^"+s.test+"$", s.pkg)
	cmd.Dir = tree
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, testErr := cmd.CombinedOutput()
	text := string(out)
	switch {
	case ctx.Err() != nil:
		return "the test did not end within " + timeout.String(), nil
	case strings.Contains(text, "[build failed]"):
		return "", fmt.Errorf("the changed program does not compile:\n%s", text)
	case strings.Contains(text, "no tests to run"):
		return "", fmt.Errorf("there is no test %s in %s", s.test, s.pkg)
	case testErr == nil && strings.Contains(text, "ok"):
		return "the test passes although the rule is broken", nil
	case strings.Contains(text, "--- FAIL"):
		return "", nil
	}
	return "", fmt.Errorf("the test ended in an unexpected way: %v\n%s", testErr, text)
}
