package network

import (
	"encoding/json"
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
}

// answerMark begins the line with the answers: other programs may print as well.
const answerMark = "nixproc answers: "

// WriteAnswers writes the answers of a machine, in the order of the question.
func WriteAnswers(answers []Answer) (string, error) {
	text, err := json.Marshal(answers)
	return answerMark + string(text) + "\n", err
}

// ReadAnswers finds the answers to a question of so many services in what was
// printed on the way. An older nixproc, which knows no question, prints none.
func ReadAnswers(printed string, services int) ([]Answer, error) {
	for line := range strings.Lines(printed) {
		text, found := strings.CutPrefix(strings.TrimRight(line, "\r\n"), answerMark)
		if !found {
			continue
		}
		var answers []Answer
		if err := json.Unmarshal([]byte(text), &answers); err != nil {
			return nil, fmt.Errorf("its answer can't be read: %w", err)
		}
		if len(answers) != services {
			return nil, fmt.Errorf("it answers for %d services of %d", len(answers), services)
		}
		return answers, nil
	}
	return make([]Answer, services), nil
}
