package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"nixproc/lib/suite"
	"nixproc/nixeval"
)

// shownLines are those of the log of a trial that failed.
const shownLines = 15

// tellEnded tells of a trial as it ends.
func tellEnded(r suite.Result) {
	what := fmt.Sprintf("%s %s %s %s: %s", r.Suite, r.Profile, r.Manager, r.Kind, r.Status)
	switch r.Status {
	case suite.Passed:
		note("%s (%s)", what, r.Took.Round(100*time.Millisecond))
		return
	case suite.Skipped:
		note("%s: %s", what, r.Message)
		return
	}
	text := fmt.Sprintf("%s (%s)\n  %s: %s", what, r.Took.Round(100*time.Millisecond), r.Cause, strings.ReplaceAll(r.Message, "\n", "\n  "))
	if log, err := os.ReadFile(r.Log); err == nil {
		lines := strings.Split(strings.TrimRight(string(log), "\n"), "\n")
		text += "\n  the end of its log, " + r.Log + ":\n    " + strings.Join(lines[max(0, len(lines)-shownLines):], "\n    ")
	}
	if r.Enter != "" {
		text += "\n  it was left running. To get in: " + r.Enter + "\n  To end it: " + r.End
	}
	note("%s", text)
}

func started(r suite.Result) bool { return r.Status != suite.Skipped && r.Cause != suite.Syntax }

// printTrials prints the results. It is an error if one failed.
func printTrials(results []suite.Result, asJSON bool) error {
	counts := map[string]int{}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(table, "SUITE\tPROFILE\tMANAGER\tVARIANT\tRESULT\tTIME\t")
	}
	for _, r := range results {
		counts[r.Status]++
		if asJSON {
			continue
		}
		why, _, _ := strings.Cut(r.Message, "\n")
		if r.Cause != "" {
			why = r.Cause
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%.1f s\t%s\n", r.Suite, r.Profile, r.Manager, r.Kind, r.Status, r.Seconds, why)
	}
	var err error
	if asJSON {
		err = printJSON(results)
	} else if err = table.Flush(); err == nil {
		_, err = fmt.Printf("%d passed, %d failed, %d skipped\n", counts[suite.Passed], counts[suite.Failed], counts[suite.Skipped])
	}
	if err != nil || counts[suite.Failed] == 0 {
		return err
	}
	text := fmt.Sprintf("%d of %d variants failed", counts[suite.Failed], len(results))
	if !slices.ContainsFunc(results, started) {
		return &nixeval.ModelError{Text: text + ", and nothing was started"}
	}
	return errors.New(text)
}
