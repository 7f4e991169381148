package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// plist has the properties of launchd.plist(5) that this program knows; with any
// other it loads no job.
type plist struct {
	Label                              string
	Program                            string
	ProgramArguments                   []string
	EnvironmentVariables               map[string]string
	WorkingDirectory                   string
	Umask, Nice                        *int
	UserName                           string
	RunAtLoad                          bool
	KeepAlive                          any
	ThrottleInterval, ExitTimeOut      int
	StandardOutPath, StandardErrorPath string
	StartInterval                      int
	LaunchOnlyOnce                     bool
}

// reader is another parser of plists than the one that nixproc has.
const reader = `import json, plistlib, sys
json.dump(plistlib.load(open(sys.argv[1], "rb")), sys.stdout)`

func readPlist(path string) (plist, error) {
	p := plist{ThrottleInterval: 10, ExitTimeOut: 20}
	content, err := exec.Command("python3", "-c", reader, path).Output()
	if err != nil {
		return p, err
	}
	strict := json.NewDecoder(bytes.NewReader(content))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&p); err != nil {
		return p, err
	}
	switch {
	case p.Label == "":
		return p, errors.New("it has no Label")
	case p.Program == "" && len(p.ProgramArguments) == 0:
		return p, errors.New("it has nothing to run")
	case filepath.Base(path) != p.Label+".plist":
		return p, fmt.Errorf("its Label is %s", p.Label)
	}
	return p, nil
}

// outputs are the files for what the process says.
func (p plist) outputs() (files [2]*os.File, err error) {
	for i, path := range []string{p.StandardOutPath, p.StandardErrorPath} {
		if path == "" {
			continue
		}
		if files[i], err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644); err != nil {
			return files, err
		}
	}
	return files, nil
}

// enter sets what the process has from its beginning.
func (p plist) enter() error {
	// On Linux a nice value is one thread's, and the one that calls execve
	// keeps its own.
	runtime.LockOSThread()
	if p.Nice != nil {
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, *p.Nice); err != nil {
			return fmt.Errorf("nice: %w", err)
		}
	}
	if p.Umask != nil {
		syscall.Umask(*p.Umask)
	}
	if err := p.become(); err != nil {
		return err
	}
	if p.WorkingDirectory == "" {
		return nil
	}
	return os.Chdir(p.WorkingDirectory)
}

func (p plist) become() error {
	if p.UserName == "" {
		return nil
	}
	account, err := user.Lookup(p.UserName)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		return err
	}
	return errors.Join(syscall.Setgroups([]int{gid}), syscall.Setgid(gid), syscall.Setuid(uid))
}

func (p plist) program() string {
	if p.Program == "" {
		return p.ProgramArguments[0]
	}
	return p.Program
}

// arguments are those of the plist, with this program in place of the
// wait4path(1) that only macOS has.
func (p plist) arguments() []string {
	if len(p.ProgramArguments) == 0 {
		return []string{p.Program}
	}
	arguments := slices.Clone(p.ProgramArguments)
	if len(arguments) > 2 && arguments[1] == "-c" {
		path := filepath.Join(os.Getenv("NIXPROC_TEST_LAUNCHD"), "wait4path")
		arguments[2] = strings.Replace(arguments[2], "/bin/wait4path ", "'"+path+"' ", 1)
	}
	return arguments
}

func (p plist) environment(usual []string) []string {
	environment := slices.DeleteFunc(usual, func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		_, given := p.EnvironmentVariables[name]
		return given || strings.HasPrefix(name, "NIXPROC_TEST_")
	})
	for name, value := range p.EnvironmentVariables {
		environment = append(environment, name+"="+value)
	}
	return environment
}
