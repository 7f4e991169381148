package suite

import (
	"os"
	"os/exec"
	"strings"
)

// CheckStatements sets the Problem of all variants with statements that are no Python,
// of those that are not skipped.
func CheckStatements(suites []Suite) error {
	var all []*Variant
	for _, s := range suites {
		for _, v := range s.Variants {
			if v.Skip == "" {
				all = append(all, v)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer log.Close()
	p, err := startPython(&exec.Cmd{}, 0, log) // in no machine, where nothing is run
	if err != nil {
		return err
	}
	defer p.end()
	for _, v := range all {
		if v.Problem, err = v.check(p); err != nil {
			return err
		}
	}
	return nil
}

// check gives all that is no Python, "" if nothing is.
func (v *Variant) check(p *python) (string, error) {
	var problems []string
	for _, one := range []struct {
		purpose string
		parts   []Part
	}{
		{"initial tests", []Part{{Text: v.InitialTests}}}, {"readiness", v.Readiness},
		{"tests", v.Tests}, {"last tests", []Part{{Text: v.PostTests}}},
	} {
		for _, part := range one.parts {
			problem, err := p.check(part.name(one.purpose), part.Text)
			if err != nil {
				return "", err
			}
			if problem != "" {
				problems = append(problems, part.name(one.purpose)+": "+problem)
			}
		}
	}
	return strings.Join(problems, "\n"), nil
}
