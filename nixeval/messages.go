package nixeval

import (
	"encoding/json"
	"regexp"
	"strings"
)

// Everything that knows the form of Nix's messages is in this file and in
// explain.go: the lines that `--log-format internal-json` writes to stderr, as
// Nix 2.8 does (testdata/ has recorded samples).

// The verbosity levels of Nix that matter here.
const (
	levelError = 0
	levelWarn  = 1
)

// The types of activities and results that matter here.
const (
	activityBuild  = 105
	activityCopy   = 100
	resultLogLine  = 101
	messagesPrefix = "@nix "
	errorPrefix    = "error: "
)

type position struct {
	File   *string `json:"file"`
	Line   *int    `json:"line"`
	Column *int    `json:"column"`
}

type message struct {
	Action string            `json:"action"`
	ID     uint64            `json:"id"`
	Level  int               `json:"level"`
	Type   int               `json:"type"`
	Text   string            `json:"text"`
	Msg    string            `json:"msg"`
	RawMsg *string           `json:"raw_msg"`
	Fields []json.RawMessage `json:"fields"`
	Trace  []struct {
		position
		RawMsg string `json:"raw_msg"`
	} `json:"trace"`
	position
	bare bool // a line in another form
}

// noise are the warnings that say nothing to people: how to keep a .drv, and
// that another Nix was writing to the database at the same time.
var noise = regexp.MustCompile(`'--add-root'|SQLite database .* is busy$`)

// parseMessages reads what Nix wrote to stderr. A line in another form, of a
// program that Nix ran, counts as a message of the same text.
func parseMessages(stderr string) []message {
	var found []message
	for line := range strings.Lines(stderr) {
		found = append(found, parseMessage(strings.TrimRight(line, "\n")))
	}
	return found
}

func parseMessage(line string) message {
	var m message
	if rest, ok := strings.CutPrefix(line, messagesPrefix); ok && json.Unmarshal([]byte(rest), &m) == nil {
		return m
	}
	m = message{Action: "msg", Level: levelWarn, Msg: line}
	// What ends Nix in the middle of its work has no other form.
	if text, ok := strings.CutPrefix(line, errorPrefix); ok {
		m.Level, m.RawMsg, m.bare = levelError, &text, true
	}
	return m
}

var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

func plain(text string) string { return strings.TrimSpace(colour.ReplaceAllString(text, "")) }

func (m message) text() string { return plain(m.Msg) }

func (m message) isError() bool { return m.Action == "msg" && m.Level == levelError && m.RawMsg != nil }

// summary is the first line of an error, without the word "error".
func (m message) summary() string {
	if m.RawMsg == nil {
		return m.text()
	}
	return plain(*m.RawMsg)
}

// OnlyErrors leaves out what a program of Nix said before its first error: what it
// was doing.
func OnlyErrors(stderr string) string {
	text := plain(stderr)
	if i := strings.Index("\n"+text, "\n"+errorPrefix); i >= 0 {
		return text[i:]
	}
	return text
}
