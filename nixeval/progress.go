package nixeval

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress follows the messages that a build writes to a file, tells what is
// being built, and remembers what failed.
type progress struct {
	failure *message
	logs    map[uint64]*buildLog // by activity

	notes io.Writer
	file  *os.File
	done  chan struct{}
	ended chan struct{}
}

// buildLog is the end of what one builder wrote.
type buildLog struct {
	drv   string
	lines []string
}

const keptLogLines = 20

func follow(path string, notes io.Writer) *progress {
	p := &progress{notes: notes, logs: map[uint64]*buildLog{}, done: make(chan struct{}), ended: make(chan struct{})}
	var err error
	if p.file, err = os.Open(path); err != nil {
		close(p.ended)
		return p
	}
	go p.loop()
	return p
}

func (p *progress) loop() {
	defer close(p.ended)
	defer p.file.Close()
	reader := bufio.NewReader(p.file)
	var partial strings.Builder
	for {
		for {
			text, err := reader.ReadString('\n')
			partial.WriteString(text)
			if err != nil {
				break
			}
			p.see(parseMessage(strings.TrimRight(partial.String(), "\n")))
			partial.Reset()
		}
		select {
		case <-p.done:
			// What was written before the end is read above once more.
			if rest, err := io.ReadAll(reader); err == nil && len(rest) > 0 {
				partial.Write(rest)
			}
			for line := range strings.Lines(partial.String()) {
				p.see(parseMessage(strings.TrimRight(line, "\n")))
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop reads to the end of what was written.
func (p *progress) stop() {
	close(p.done)
	<-p.ended
}

func (p *progress) see(m message) {
	switch {
	case m.Action == "start" && m.Type == activityBuild, m.Action == "start" && m.Type == activityCopy:
		fmt.Fprintln(p.notes, plain(m.Text))
		p.logs[m.ID] = &buildLog{drv: m.field()}
	case m.Action == "result" && m.Type == resultLogLine && p.logs[m.ID] != nil:
		log := p.logs[m.ID]
		log.lines = append(log.lines, plain(m.field()))
		log.lines = log.lines[max(0, len(log.lines)-keptLogLines):]
	case m.isError() && p.failure == nil:
		p.failure = &m
	}
}

// field is the first field of a message, if that is a text.
func (m message) field() (text string) {
	if len(m.Fields) > 0 {
		// What is no text stands for no text.
		_ = json.Unmarshal(m.Fields[0], &text)
	}
	return text
}

// logOf gives the last lines of the builder that a failure names: several may
// have been at work.
func (p *progress) logOf(failure string) []string {
	for _, log := range p.logs {
		if log.drv != "" && strings.Contains(failure, "'"+log.drv+"'") {
			return log.lines
		}
	}
	return nil
}

func (p *progress) errors() []message {
	if p.failure == nil {
		return nil
	}
	return []message{*p.failure}
}
