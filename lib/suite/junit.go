package suite

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"nixproc/lib/replace"
)

// The form is that which most programs read that show results of tests: a suite is
// a testsuite, and a trial a testcase.

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure,omitempty"`
	Skipped *junitProblem `xml:"skipped,omitempty"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the results as JUnit's XML.
func WriteJUnit(file string, results []Result) error {
	var all junitSuites
	times := map[string]float64{}
	for _, r := range results {
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != r.Suite {
			all.Suites = append(all.Suites, junitSuite{Name: r.Suite})
		}
		s := &all.Suites[len(all.Suites)-1]
		s.Tests++
		times[r.Suite] += r.Seconds
		s.Time = seconds(times[r.Suite])
		one := junitCase{Class: r.Suite + "." + r.Profile + "." + r.Manager, Name: r.Kind, Time: seconds(r.Seconds)}
		first, _, _ := strings.Cut(r.Message, "\n")
		switch r.Status {
		case Failed:
			s.Failures++
			one.Failure = &junitProblem{Type: r.Cause, Message: r.Cause + ": " + first, Text: r.Message}
			if log, err := os.ReadFile(r.Log); err == nil {
				one.Output = printable(string(log))
			}
		case Skipped:
			s.Skipped++
			one.Skipped = &junitProblem{Message: r.Message}
		}
		s.Cases = append(s.Cases, one)
	}
	text, err := xml.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	return replace.File(file, append([]byte(xml.Header), append(text, '\n')...), 0o644)
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }

// printable leaves what XML can hold, without the colours of terminals.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}
