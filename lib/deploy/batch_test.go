package deploy

import (
	"context"
	"errors"
	"strings"
	"testing"

	"nixproc/lib/manager"
)

// batchMachine starts and stops by one command, and has a place for files.
type batchMachine struct {
	*machine
	files map[string]string // name -> key
}

func (m *batchMachine) all(verb string, units []manager.Unit) map[string]error {
	failed := map[string]error{}
	for _, unit := range units {
		if err := m.act(verb, unit); err != nil {
			failed[unit.Name] = err
		}
	}
	return failed
}

func (m *batchMachine) StartAll(_ context.Context, units []manager.Unit) map[string]error {
	return m.all("start", units)
}

func (m *batchMachine) StopAll(_ context.Context, units []manager.Unit) map[string]error {
	return m.all("stop", units)
}

func (m *batchMachine) Install(_ context.Context, gone, there []manager.Unit) error {
	m.did = append(m.did, "install")
	for _, unit := range gone {
		delete(m.files, unit.Name)
	}
	for _, unit := range there {
		m.files[unit.Name] = unit.Key
	}
	return m.fails["install "+there[0].Key]
}

func (m *batchMachine) installed() string {
	running := m.running
	m.running = m.files
	defer func() { m.running = running }()
	return m.state()
}

func newBatchMachine() *batchMachine {
	return &batchMachine{machine: newMachine(), files: map[string]string{"a": "a1", "b": "b1", "c": "c1"}}
}

func executeBatch(m *batchMachine) error {
	d := Deployment{Manager: m, Jobs: 4, Observe: func(Event) {}}
	return d.Run(context.Background(), context.Background(), Work{Plan: upgrade(m.machine), Commit: func() error { return m.fails["commit"] }})
}

func TestBatchesAndFiles(t *testing.T) {
	m := newBatchMachine()
	if err := executeBatch(m); err != nil || m.state() != after || m.installed() != after {
		t.Fatalf("error %v, running %s, installed %s", err, m.state(), m.installed())
	}
	if got := strings.Join(m.did, ", "); got != "stop b, stop a, install, start b, start d" {
		t.Error(got)
	}
}

// Guards P5 for files: whichever step fails, what is in place is as it was.
func TestFilesAreUndone(t *testing.T) {
	for _, step := range []string{"stop a a1", "install b2", "start d d1", "commit"} {
		m := newBatchMachine()
		m.fails[step] = errors.New("no")
		var failure *Failure
		if err := executeBatch(m); !errors.As(err, &failure) || !failure.Undone() || m.state() != before || m.installed() != before {
			t.Errorf("%s: error %v, running %s, installed %s", step, err, m.state(), m.installed())
		}
	}
}
