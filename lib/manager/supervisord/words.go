package supervisord

import (
	"context"
	"errors"
	"strings"

	"nixproc/lib/manager"
)

// LastWords gives the end of what a program printed, which supervisord keeps in
// files of its own.
func (m Manager) LastWords(ctx context.Context, unit manager.Unit) string {
	server, err := m.connect()
	if err != nil {
		return ""
	}
	processes, err := server.processes(ctx)
	if err != nil {
		return ""
	}
	text := ""
	for _, one := range processes[unit.Name] {
		text += server.lastWords(ctx, one)
	}
	return text
}

// explain gives supervisord's words and the end of what the program printed.
func (s *server) explain(ctx context.Context, p process) error {
	return errors.New(strings.TrimSpace("supervisord says "+p.state+": "+p.detail) + s.lastWords(ctx, p))
}

func (s *server) lastWords(ctx context.Context, p process) string {
	text := ""
	for _, channel := range []string{"Stderr", "Stdout"} {
		got, err := s.call(ctx, "supervisor.readProcess"+channel+"Log", p.name, -2000, 0)
		said, _ := got.(string)
		if said = strings.TrimRight(said, "\n"); err != nil || said == "" {
			continue
		}
		lines := strings.Split(said, "\n")
		lines = lines[max(0, len(lines)-10):]
		text += "; the end of its " + strings.ToLower(channel) + ":\n  " + strings.Join(lines, "\n  ")
	}
	return text
}
