package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every saboteur finds the text that it changes, and the test that has to notice.
func TestSaboteursFit(t *testing.T) {
	t.Parallel()
	const tree = "../.."
	tests := map[string][]byte{} // by package
	for _, s := range all() {
		if _, _, err := s.changed(tree); err != nil {
			t.Errorf("%s: %v", s.rule, err)
		}
		if tests[s.pkg] == nil {
			files, err := filepath.Glob(filepath.Join(tree, s.pkg, "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				tests[s.pkg] = append(tests[s.pkg], data...)
			}
		}
		name, _, _ := strings.Cut(s.test, "/") // as go test -run has it
		if !regexp.MustCompile(`(?m)^func ` + name + `\(`).Match(tests[s.pkg]) {
			t.Errorf("%s: there is no test %s in %s", s.rule, s.test, s.pkg)
		}
	}
}
