package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Links within the documents lead to a file that is there, and to a heading in
// it.
func TestLinksInDocuments(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^):#]*)(#[^)]*)?\)`)
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, document := range append(documents, "../README.md", "../ARCHITECTURE.md", "../COMPATIBILITY.md") {
		for _, match := range link.FindAllStringSubmatch(read(t, document), -1) {
			found++
			target := document
			if match[1] != "" {
				target = filepath.Join(filepath.Dir(document), match[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", document, err)
			} else if match[2] != "" && !anchors(t, target)[match[2]] {
				t.Errorf("%s: %s has no %s", document, target, match[2])
			}
		}
	}
	if found < 20 {
		t.Errorf("there are only %d links", found)
	}
}

// anchors of the headings of a document, as GitHub makes them.
func anchors(t *testing.T, document string) map[string]bool {
	t.Helper()
	dropped := regexp.MustCompile(`[^\w\- ]`)
	set := map[string]bool{}
	for _, line := range strings.Split(read(t, document), "\n") {
		if title := strings.TrimLeft(line, "#"); title != line {
			title = dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			set["#"+strings.ReplaceAll(title, " ", "-")] = true
		}
	}
	return set
}
