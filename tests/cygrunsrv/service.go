package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// service is one that was installed.
type service struct {
	name, display, path, args string
	stdout, stderr            string
	environment, dependencies []string
	dir                       string

	pid   int
	ended chan struct{} // closed when the process has ended; nil before the first start
}

// newService reads the options of --install.
func newService(name string, parameters []string) (*service, error) {
	s := &service{name: name, display: name}
	for i := 0; i < len(parameters); i += 2 {
		option := parameters[i]
		if option == "--shutdown" {
			i--
			continue
		}
		if i+1 == len(parameters) {
			return nil, fmt.Errorf("option requires an argument: %s", option)
		}
		value := parameters[i+1]
		switch option {
		case "--path":
			s.path = value
		case "--args":
			s.args = value
		case "--disp":
			s.display = value
		case "--env":
			if !strings.Contains(value, "=") || strings.HasPrefix(value, "'") {
				return nil, fmt.Errorf("malformed environment string %s", value)
			}
			s.environment = append(s.environment, value)
		case "--dep":
			s.dependencies = append(s.dependencies, value)
		case "--stdout":
			s.stdout = value
		case "--stderr":
			s.stderr = value
		case "--type":
			if value != "manual" {
				return nil, fmt.Errorf("--type %s", value)
			}
		default:
			return nil, fmt.Errorf("unrecognised option %s", option)
		}
	}
	if info, err := os.Stat(s.path); err != nil || info.Mode()&0o111 == 0 {
		return nil, fmt.Errorf("given path doesn't point to a valid executable: %s", s.path)
	}
	return s, nil
}

// words splits the arguments as cygrunsrv does: at blanks, and a word that begins
// with a quote ends at the next.
func words(text string) (found []string) {
	for i := 0; i < len(text); i++ {
		if text[i] == ' ' {
			continue
		}
		stop := byte(' ')
		if text[i] == '\'' || text[i] == '"' {
			stop = text[i]
			i++
		}
		begin := i
		for i < len(text) && text[i] != stop {
			i++
		}
		found = append(found, text[begin:i])
	}
	return found
}

func (s *service) running() bool {
	if s.ended == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// atFirst is how long a service has to run to count as started.
const atFirst = 200 * time.Millisecond

func (s *service) start() bool {
	cmd := exec.Command(s.path, words(s.args)...)
	cmd.Dir = "/"
	cmd.Env = append([]string{"PATH=/usr/bin:/bin"}, s.environment...)
	// /bin is always added to PATH.
	for i := len(cmd.Env) - 1; i >= 0; i-- {
		if strings.HasPrefix(cmd.Env[i], "PATH=") {
			cmd.Env[i] += ":/bin"
			break
		}
	}
	for _, output := range []struct {
		path string
		set  func(*os.File)
	}{{s.stdout, func(f *os.File) { cmd.Stdout = f }}, {s.stderr, func(f *os.File) { cmd.Stderr = f }}} {
		if output.path == "" { // /var/log/NAME.log on a real machine
			output.path = filepath.Join(s.dir, s.name+".log")
		}
		file, err := os.OpenFile(output.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return false
		}
		defer file.Close()
		output.set(file)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return false
	}
	s.pid, s.ended = cmd.Process.Pid, make(chan struct{})
	go func(ended chan struct{}) {
		_ = cmd.Wait() // that it ended is all that counts
		close(ended)
	}(s.ended)
	select {
	case <-s.ended:
		return false
	case <-time.After(atFirst):
		return true
	}
}

// stop signals the whole group, and waits.
func (s *service) stop() {
	if s.running() {
		syscall.Kill(-s.pid, syscall.SIGTERM)
		<-s.ended
	}
}

func (s *service) kill() {
	if s.running() {
		syscall.Kill(-s.pid, syscall.SIGKILL)
	}
}

func (s *service) describe(verbose bool) string {
	state := "Stopped"
	if s.running() {
		state = "Running\nControls Accepted   : Stop"
	}
	text := fmt.Sprintf("Service             : %s\n", s.name)
	if s.display != s.name {
		text += "Display name        : " + s.display + "\n"
	}
	text += fmt.Sprintf("Current State       : %s\nCommand             : %s %s\n", state, s.path, s.args)
	if verbose {
		text += "stdin path          : /dev/null\nProcess Type        : Own Process\nStartup             : Automatic\nAccount             : LocalSystem\n"
		if s.running() {
			// Only for who tests: Windows does not tell it here.
			text += fmt.Sprintf("X-Process           : %d\n", s.pid)
		}
	}
	return text + "\n"
}
