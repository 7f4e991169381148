package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Answer is what a machine says of one service: what is deployed there, and
// whether it runs.
type Answer struct {
	Package   string `json:"package"`   // store path; "" if nothing is deployed
	Condition string `json:"condition"` // running, stopped, unknown
	Down      bool   `json:"down"`      // it does not run, and should
	PID       int    `json:"pid,omitempty"`
	Since     int64  `json:"since,omitempty"` // seconds since 1970
	Detail    string `json:"detail,omitempty"`
	Skipped   string `json:"skipped,omitempty"` // why nothing starts it there
}

// Machine is what a machine says of itself.
type Machine struct {
	// Self is the same for two machines only if they are one; "" if it can't tell.
	Self string `json:"self"`
	Held []Held `json:"held"`
}

// Held is a process that a machine has from a network, whichever that is.
type Held struct {
	Name    string `json:"name"`    // of its package, by which the machine knows it
	Service string `json:"service"` // store path of the package that was activated; "" if that is not known
	Network string `json:"network"` // whose it is, an ID and words for people; "" likewise
	// Answer is not there for what was asked for, and for what is another network's.
	Answer Answer `json:"answer"`
}

// These begin the lines with the answers, since other programs may print as well.
const (
	answerMark  = "nixproc answers: "
	machineMark = "nixproc machine: "
)

// WriteAnswers writes the answers of a machine, in the order of the question, and
// what it says of itself.
func WriteAnswers(answers []Answer, machine Machine) (string, error) {
	text, err := json.Marshal(answers)
	more, err2 := json.Marshal(machine)
	return answerMark + string(text) + "\n" + machineMark + string(more) + "\n", errors.Join(err, err2)
}

// ReadAnswers finds the answers to a question of so many services in what was
// printed on the way. An older nixproc, which knows no question, prints none.
func ReadAnswers(printed string, services int) (answers []Answer, machine Machine, err error) {
	read := func(mark string, into any) {
		for line := range strings.Lines(printed) {
			if text, found := strings.CutPrefix(strings.TrimRight(line, "\r\n"), mark); found && err == nil {
				if err = json.Unmarshal([]byte(text), into); err != nil {
					err = fmt.Errorf("its answer can't be read: %w", err)
				}
			}
		}
	}
	read(answerMark, &answers)
	read(machineMark, &machine)
	switch {
	case err != nil:
		return nil, Machine{}, err
	case answers == nil:
		return make([]Answer, services), machine, nil
	case len(answers) != services:
		return nil, machine, fmt.Errorf("it answers for %d services of %d", len(answers), services)
	}
	return answers, machine, nil
}
