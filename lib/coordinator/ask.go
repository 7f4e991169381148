package coordinator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os/exec"
	"slices"
	"strings"
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

// Said is what a machine has answered.
type Said struct {
	Err      error                     // it can't be reached, or is not made for this
	Services map[string]network.Answer // by the names of services
	Machine  network.Machine
}

// Answers are those of machines, by their names.
type Answers map[string]Said

// Of is the answer for a service.
func (a Answers) Of(machine, service string) network.Answer {
	if a[machine].Err != nil {
		return network.Answer{Condition: manager.Unknown.String(), Detail: "the machine does not answer"}
	}
	return a[machine].Services[service]
}

// Ask asks all machines at once, each by one question, what runs of the services
// that it has in a network, and what else it has of the same one or of others.
func (c *Coordinator) Ask(ctx context.Context, n manifestxml.Network) Answers {
	answers := make([]Said, len(n.Targets))
	each(n.Targets, func(i int, target manifestxml.Target) { answers[i] = c.askOne(ctx, target, n.Mappings) })
	found := Answers{}
	for i, target := range n.Targets {
		found[target.Name] = answers[i]
	}
	return found
}

// AskBefore asks machines before a switch: those that are used, and those that may
// have something that the network does not know of. Two that are one are a
// *ModelError.
func (c *Coordinator) AskBefore(targets []manifestxml.Target, used map[string]bool) (Answers, error) {
	if err := c.remember(targets); err != nil {
		return nil, err
	}
	answers := c.AskAlso(wantingWhatWas(c.Before, targets), used)
	if c.Soft.Err() != nil {
		return nil, errors.New("interrupted: nothing was touched")
	}
	selves := map[string]string{}
	for machine, answer := range answers {
		selves[machine] = answer.Machine.Self
	}
	if err := network.Apart(selves); err != nil {
		return nil, &ModelError{Text: err.Error()}
	}
	return answers, nil
}

func (c *Coordinator) askOne(ctx context.Context, target manifestxml.Target, mappings []manifestxml.Mapping) Said {
	answer := Said{Services: map[string]network.Answer{}}
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
		question = append(question, "--arguments", "nixprocStatusOf="+strings.Join(packages, " "), "--arguments", "nixprocNetwork="+c.id)
		if !c.known[target.Name] {
			question = append(question, "--arguments", "nixprocUnowned=1")
		}
		question = append(question, cmp.Or(target.Profile, "/"))
	}
	result, err := run.Host{}.Run(ctx, run.Command{Args: question, Timeout: answersWithin})
	if err != nil {
		answer.Err = Unanswered(err)
		return answer
	}
	if lacks := network.ReadLacks(result.Stdout); lacks != nil {
		answer.Err = errors.New(strings.Join(lacks, "\n"))
		return answer
	}
	answers, machine, err := network.ReadAnswers(result.Stdout, len(names))
	answer.Machine = machine
	if err != nil {
		answer.Err = err
		return answer
	}
	for i, name := range names {
		answer.Services[name] = answers[i]
	}
	return answer
}

var errNoModule = fmt.Errorf("its Dysnomia lacks the module %s: see \"A network of machines\" in the guide", network.Module)

// Unanswered says in a few words why a question has no answer.
func Unanswered(err error) error {
	e, ok := errors.AsType[*run.Error](err)
	switch {
	case !ok:
		return err
	case e.Canceled:
		return errors.New("it was stopped")
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s, by which it is reached, is not there: install Disnix, or name another program in DISNIX_CLIENT_INTERFACE", e.Command.Args[0])
	case e.TimedOut:
		return fmt.Errorf("no answer within %s", e.Command.Timeout)
	case strings.Contains(e.Tail, "Module: "+network.Module+" cannot be found"):
		return errNoModule
	case e.Tail != "":
		return errors.New(e.Tail)
	}
	return err
}

// Silences are lines about the machines that do not answer.
func (a Answers) Silences() (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if err := a[name].Err; err != nil {
			lines = append(lines, fmt.Sprintf("  %s: %s", name, strings.ReplaceAll(err.Error(), "\n", "\n    ")))
		}
	}
	return lines
}

// Unreachable names the machines that do not answer; nil if all do.
func (a Answers) Unreachable() error {
	if lines := a.Silences(); lines != nil {
		return fmt.Errorf("these machines can't be deployed to; nothing was touched:\n%s\nmend that, or take them out of the infrastructure", strings.Join(lines, "\n"))
	}
	return nil
}
