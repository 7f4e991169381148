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
	failure string
	log     []string // last lines of the builder that wrote last

	notes io.Writer
	file  *os.File
	done  chan struct{}
	ended chan struct{}
}

const keptLogLines = 20

func follow(path string, notes io.Writer) *progress {
	p := &progress{notes: notes, done: make(chan struct{}), ended: make(chan struct{})}
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
		p.log = nil
	case m.Action == "result" && m.Type == resultLogLine && len(m.Fields) > 0:
		var line string
		if json.Unmarshal(m.Fields[0], &line) == nil {
			p.log = append(p.log, plain(line))
			p.log = p.log[max(0, len(p.log)-keptLogLines):]
		}
	case m.isError() && p.failure == "":
		p.failure = m.summary()
	}
}
