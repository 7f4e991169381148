package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/run"
)

// answersWithin bounds the question to a machine.
const answersWithin = 30 * time.Second

// askedAtOnce bounds how many are asked side by side: each is a process here.
const askedAtOnce = 200

// said is what a machine has answered.
type said struct {
	err      error                     // it can't be reached, or is not made for this
	services map[string]network.Answer // by the names of services
	machine  network.Machine
}

// of is the answer for a service.
func (s said) of(service string) network.Answer {
	if s.err != nil {
		return network.Answer{Condition: manager.Unknown.String(), Detail: "the machine does not answer"}
	}
	return s.services[service]
}

// ask asks all machines at once, each by one question, what runs of the services
// that it has in a network, and what else it has of the same one or of others.
func (s *session) ask(ctx context.Context, w networkWork, n manifestxml.Network) map[string]said {
	answers := make([]said, len(n.Targets))
	var all sync.WaitGroup
	free := make(chan struct{}, askedAtOnce)
	for i, target := range n.Targets {
		all.Go(func() {
			free <- struct{}{}
			answers[i] = askOne(ctx, w, target, n.Mappings)
			<-free
		})
	}
	all.Wait()
	found := map[string]said{}
	for i, target := range n.Targets {
		found[target.Name] = answers[i]
	}
	return found
}

func askOne(ctx context.Context, w networkWork, target manifestxml.Target, mappings []manifestxml.Mapping) said {
	answer := said{services: map[string]network.Answer{}}
	var names, packages []string
	others := false // those that Dysnomia's own modules see to
	for _, m := range mappings {
		switch {
		case m.Target != target.Name:
		case m.Type != network.Module:
			others = true
		default:
			names, packages = append(names, m.Name), append(packages, m.Package)
		}
	}
	question := []string{target.ClientInterface, "--target", target.Address}
	if names == nil && others {
		question = append(question, "--print-invalid", target.Profile)
	} else {
		question = append(question, "--snapshot", "--type", network.Module, "--container", network.Module)
		question = append(question, argumentsOf(target.Containers[network.Module])...)
		question = append(question, "--arguments", "nixprocStatusOf="+strings.Join(packages, " "), "--arguments", "nixprocNetwork="+w.id)
		if !w.known[target.Name] {
			question = append(question, "--arguments", "nixprocUnowned=1")
		}
		question = append(question, cmp.Or(target.Profile, "/"))
	}
	result, err := run.Host{}.Run(ctx, run.Command{Args: question, Timeout: answersWithin})
	if err != nil {
		answer.err = unanswered(err)
		return answer
	}
	if lacks := network.ReadLacks(result.Stdout); lacks != nil {
		answer.err = errors.New(strings.Join(lacks, "\n"))
		return answer
	}
	answers, machine, err := network.ReadAnswers(result.Stdout, len(names))
	answer.machine = machine
	if err != nil {
		answer.err = err
		return answer
	}
	for i, name := range names {
		answer.services[name] = answers[i]
	}
	return answer
}

var errNoModule = fmt.Errorf("its Dysnomia lacks the module %s: see \"A network of machines\" in the guide", network.Module)

// unanswered says in a few words why a question has no answer.
func unanswered(err error) error {
	e, ok := errors.AsType[*run.Error](err)
	switch {
	case !ok:
		return err
	case e.Canceled:
		return errors.New("it was stopped")
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%s, by which it is reached, is not on the PATH: install Disnix, or name another program in DISNIX_CLIENT_INTERFACE", e.Command.Args[0])
	case e.TimedOut:
		return fmt.Errorf("no answer within %s", e.Command.Timeout)
	case strings.Contains(e.Tail, "Module: "+network.Module+" cannot be found"):
		return errNoModule
	case e.Tail != "":
		return errors.New(e.Tail)
	}
	return err
}

// silences are lines about the machines that do not answer.
func silences(answers map[string]said) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		if err := answers[name].err; err != nil {
			lines = append(lines, fmt.Sprintf("  %s: %s", name, strings.ReplaceAll(err.Error(), "\n", "\n    ")))
		}
	}
	return lines
}

// unreachable names the machines that do not answer; nil if all do.
func unreachable(answers map[string]said) error {
	if lines := silences(answers); lines != nil {
		return fmt.Errorf("these machines can't be deployed to; nothing was touched:\n%s\nmend that, or take them out of the infrastructure", strings.Join(lines, "\n"))
	}
	return nil
}
