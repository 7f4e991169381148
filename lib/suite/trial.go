package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nixproc/lib/quote"
	"nixproc/lib/testmachine"
)

// trial is a variant in its machine.
type trial struct {
	*Variant
	ctx     context.Context
	machine *testmachine.Machine
	python  *python
	dir     string
	log     *os.File
	before  []testmachine.Process // what runs without the model
}

// root and user are the accounts that deploy.
func account(unprivileged bool) string {
	if unprivileged {
		return testmachine.User
	}
	return "root"
}

func (t *trial) say(format string, args ...any) {
	fmt.Fprintf(t.log, "[%s] %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

// commandTime bounds each command of a trial that is not the suite's own.
const commandTime = 5 * time.Minute

// inside runs a program in the machine, with what it prints in the log. It gives
// its standard output.
func (t *trial) inside(user string, environment []string, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(t.ctx, commandTime)
	defer cancel()
	t.say("%s: %s", user, quote.ShellWords(slices.Concat(environment, argv)...))
	cmd := t.machine.Command(ctx, user, argv...)
	cmd.Env = append(cmd.Env, environment...)
	cmd.WaitDelay = 10 * time.Second
	// Files, for what it leaves behind holds on to them.
	var texts [2]string
	var files [2]*os.File
	for i, name := range []string{"stdout", "stderr"} {
		file, err := os.Create(filepath.Join(t.dir, name))
		if err != nil {
			return "", err
		}
		defer file.Close()
		files[i] = file
	}
	cmd.Stdout, cmd.Stderr = files[0], files[1]
	err := cmd.Run()
	for i, file := range files {
		data, readErr := os.ReadFile(file.Name())
		if readErr != nil {
			return "", errors.Join(err, readErr)
		}
		texts[i] = string(data)
		t.log.Write(data)
	}
	if err == nil {
		return texts[0], nil
	}
	if ctx.Err() != nil && t.ctx.Err() == nil {
		err = fmt.Errorf("it did not end within %s", commandTime)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("exit code %d", exit.ExitCode())
	}
	return texts[0], fmt.Errorf("%s: %w\n%s", quote.ShellWords(argv...), err, lastLines(texts[1]+texts[0], 20))
}

// lastLines are those of a text, indented.
func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-count):], "\n  ")
}

// deployment are the options and the environment of the commands that deploy.
func (t *trial) deployment() (options, environment []string) {
	options = slices.Clone(t.DeployArgs)
	switch {
	case t.Manager == "supervisord":
		environment = []string{"SUPERVISORD_CONF_DIR=" + t.StateDir + "/lib/supervisord"}
	case t.Manager == "systemd" && t.Unprivileged:
		options = append(options, "--user")
	}
	return options, environment
}

// deploy deploys a profile.
func (t *trial) deploy(profile Built) error {
	options, environment := t.deployment()
	argv := append([]string{"nixproc-" + t.Manager + "-deploy"}, options...)
	_, err := t.inside(account(t.Unprivileged), environment, append(argv, profile.Path)...)
	return err
}

// goBack goes back to the generation before the current one.
func (t *trial) goBack() error {
	options, environment := t.deployment()
	argv := append([]string{"nixproc", "rollback", "-P", t.Manager}, options...)
	_, err := t.inside(account(t.Unprivileged), environment, argv...)
	return err
}

// hostProfile is the name of the profile of the process manager.
const hostProfile = "process-manager"

// deployHost deploys the process manager, and waits until it can be used.
func (t *trial) deployHost() error {
	if t.Host == nil {
		return nil
	}
	argv := append([]string{"nixproc-sysvinit-deploy", "--profile", hostProfile}, t.Host.DeployArgs...)
	if _, err := t.inside(account(t.Host.Unprivileged), nil, append(argv, t.Host.System.Path)...); err != nil {
		return err
	}
	problem, err := t.python.run("the process manager", t.Host.Ready)
	if err == nil && problem != "" {
		err = errors.New(problem)
	}
	if err == nil && t.Manager == "docker" && t.Unprivileged {
		_, err = t.inside("root", nil, "usermod", "-a", "-G", "docker", testmachine.User)
	}
	return err
}

// parts runs statements for each process.
func (t *trial) parts(cause, what string, parts ...Part) error {
	for _, part := range parts {
		if strings.TrimSpace(part.Text) == "" {
			continue
		}
		name := part.name(what)
		problem, err := t.python.run(name, part.Text)
		if err != nil {
			return err
		}
		if problem != "" {
			return &Failure{cause, name + ": " + problem}
		}
	}
	return nil
}

// ready deploys a profile and waits until all is ready.
func (t *trial) ready(profile Built) error {
	if err := t.deploy(profile); err != nil {
		return t.because("deployment", err)
	}
	return t.parts("readiness", "readiness", t.Readiness...)
}

// because says what a failed step was for. Where the trial was broken off, that is
// all there is to say.
func (t *trial) because(cause string, err error) error {
	if err == nil || t.ctx.Err() != nil {
		return err
	}
	return &Failure{cause, err.Error()}
}

// test does what a suite says.
func (t *trial) test() error {
	if err := t.deploy(t.System); err != nil {
		return t.because("deployment", err)
	}
	if err := t.parts("assertion", "initial tests", Part{Text: t.InitialTests}); err != nil {
		return err
	}
	if err := t.parts("readiness", "readiness", t.Readiness...); err != nil {
		return err
	}
	if err := t.parts("assertion", "tests", t.Tests...); err != nil {
		return err
	}
	if err := t.parts("assertion", "last tests", Part{Text: t.PostTests}); err != nil {
		return err
	}
	return t.undeploy()
}
