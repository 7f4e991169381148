package tests

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// faults is how many of the original's faults have a number: D1, D2 and so on.
// COMPATIBILITY.md says what each is.
const faults = 43

// Each fault has a test that guards against it and names it in its comment, and
// a line in COMPATIBILITY.md. With -v, the table of faults and tests is printed.
func TestFaultsAreGuarded(t *testing.T) {
	t.Parallel()
	guards := guardsOfFaults(t)
	told := read(t, "../COMPATIBILITY.md")
	for number := 1; number <= faults; number++ {
		fault := fmt.Sprintf("D%d", number)
		if len(guards[fault]) == 0 {
			t.Errorf("no test names %s in its comment", fault)
		}
		if !regexp.MustCompile(`\b` + fault + `\b`).MatchString(told) {
			t.Errorf("COMPATIBILITY.md does not mention %s", fault)
		}
		t.Logf("%-4s %s", fault, strings.Join(guards[fault], ", "))
	}
}

// guardsOfFaults gives, for each fault, the functions of tests whose comments
// name it.
func guardsOfFaults(t *testing.T) map[string][]string {
	t.Helper()
	named := regexp.MustCompile(`\bD[0-9]+\b`)
	guards := map[string][]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Recv != nil || !strings.HasPrefix(function.Name.Name, "Test") && !strings.HasPrefix(function.Name.Name, "Fuzz") {
				continue
			}
			for _, fault := range slices.Compact(slices.Sorted(slices.Values(named.FindAllString(function.Doc.Text(), -1)))) {
				guards[fault] = append(guards[fault], filepath.Dir(strings.TrimPrefix(path, "../"))+"."+function.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return guards
}
