package run

import (
	"os"
	"os/exec"
)

// gate holds a program back before its first instruction. The child is a
// shell that waits for a line on a pipe and then becomes the program, with the
// same process ID. If we die first, the pipe's end is what it reads, and it
// goes away.
type gate struct{ read, write *os.File }

const waiter = `read -r go <&3 || exit 125; exec 3<&-; exec "$@"`

// newGate puts the gate in front of a command that was not started yet.
func newGate(cmd *exec.Cmd) (*gate, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Args = append([]string{"sh", "-c", waiter, "sh", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.ExtraFiles = []*os.File{read} // descriptor 3
	return &gate{read, write}, nil
}

func (g *gate) open() error {
	_, err := g.write.WriteString("go\n")
	return err
}

func (g *gate) close() {
	g.read.Close()
	g.write.Close()
}
