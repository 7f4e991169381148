package ids

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// samples are the recorded inputs and outputs in testdata whose input could be
// evaluated; tests/ids_test.go runs the whole command on all of them.
func samples(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/*/question.json")
	if err != nil || len(files) < 30 {
		tb.Fatalf("only %d samples: %v", len(files), err)
	}
	return files
}

func read(tb testing.TB, path string) []byte {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// What the original assigns and prints, byte for byte, and the errors that are
// ours to give.
func TestSamples(t *testing.T) {
	for _, file := range samples(t) {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			code := strings.TrimSpace(string(read(t, filepath.Join(dir, "exitcode"))))
			question, err := Parse(read(t, file))
			if code == "65" {
				if err == nil || !strings.Contains(err.Error(), "--id-resources: ports has the min 20, which is above its max 10") {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			after, err := Assign(question)
			if _, depleted := errors.AsType[*DepletedError](err); depleted != (code == "1" && !strings.Contains(dir, "unwritable")) {
				t.Fatalf("the error is %v, the exit code of the original %s", err, code)
			}
			if err != nil {
				return
			}
			if strings.Contains(dir, "unwritable") {
				return // there is no output to compare with
			}
			got, want := after.Nix(), "expected.nix"
			if strings.Contains(dir, "xml") {
				got, want = after.XML(), "expected.xml"
			}
			if want := string(read(t, filepath.Join(dir, want))); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Everything that is wrong is named at once.
func TestWrongNumbers(t *testing.T) {
	_, err := Parse([]byte(`{
		"resources": {"ports": {"min": "x", "max": -1}, "uids": {"min": 1.5, "max": {}}, "gids": {"min": 5}},
		"ids": {"ids": {"ports": {"a": null, "b": 99999999999999999999}}, "lastAssignments": {"ports": true}},
		"requires": {}}`))
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"--id-resources: gids.max is missing: its numbers begin at the min 5, and have to end somewhere",
		`--id-resources: ports.min is "x", where a whole number is due`,
		"--id-resources: ports.max is -1, where a whole number is due",
		"--id-resources: uids.min is 1.5, where a whole number is due",
		"--id-resources: uids.max is {}, where a whole number is due",
		"--ids: lastAssignments.ports is true, where a whole number is due",
		"--ids: ids.ports.a is null, where a whole number is due",
		"--ids: ids.ports.b is 99999999999999999999, where a whole number is due",
	}
	if got := strings.Split(err.Error(), "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", err, strings.Join(want, "\n"))
	}
}
