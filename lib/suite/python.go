package suite

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

//go:embed driver.py
var driver string

// python runs statements; those of a trial see one another's names.
type python struct {
	cmd     *exec.Cmd
	input   io.WriteCloser
	answers *bufio.Reader
}

// startPython starts it. Enter is a command that runs a program in the machine, without
// the program; timeout, in seconds, is how long a statement may take, 0 for the usual.
func startPython(enter *exec.Cmd, timeout int, log *os.File) (*python, error) {
	p := &python{cmd: exec.Command("python3", "-c", driver)}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	p.cmd.ExtraFiles = []*os.File{write}
	p.answers = bufio.NewReader(read)
	if p.input, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	executable := enter.Path
	if executable == "/proc/self/exe" { // Python's would be another one
		executable = fmt.Sprintf("/proc/%d/exe", os.Getpid())
	}
	err = json.NewEncoder(p.input).Encode(map[string]any{
		"executable": executable, "args": enter.Args, "environment": environment(enter.Env), "timeout": timeout,
	})
	return p, err
}

// run runs statements and gives what did not hold, "" if all did. The name is for
// messages.
func (p *python) run(name, text string) (problem string, err error) {
	return p.ask(name, text, false)
}

// check gives why statements can't be run, "" if they are Python.
func (p *python) check(name, text string) (problem string, err error) {
	return p.ask(name, text, true)
}

func (p *python) ask(name, text string, check bool) (problem string, err error) {
	if err := json.NewEncoder(p.input).Encode(map[string]any{"name": name, "text": text, "check": check}); err != nil {
		return "", err
	}
	var answer struct {
		Problem string `json:"problem"`
	}
	line, err := p.answers.ReadBytes('\n')
	if err != nil {
		return "", errors.New("python3 ended before it had an answer")
	}
	err = json.Unmarshal(line, &answer)
	return answer.Problem, err
}

// environment is a list of NAME=VALUE as a table.
func environment(list []string) map[string]string {
	table := map[string]string{}
	for _, variable := range list {
		name, value, _ := strings.Cut(variable, "=")
		table[name] = value
	}
	return table
}

// end ends it, whatever it is at.
func (p *python) end() {
	p.input.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
}
