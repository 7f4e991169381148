package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
	"nixproc/lib/replace"
	"nixproc/nixeval"
)

// earlierAtMost bounds how many generations are searched for a machine that comes
// back.
const earlierAtMost = 20

func (w networkWork) idFile() string { return filepath.Join(w.where.WorkDir(), "network-id") }

// readID reads by which ID machines know the network, if it has one already. Since
// then each switch has left nothing behind that it did not know of, on any machine
// that there was.
func (w *networkWork) readID() error {
	data, err := os.ReadFile(w.idFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if w.id = strings.TrimSpace(string(data)); err != nil || w.id == "" {
		return err
	}
	w.known = map[string]bool{}
	for _, target := range w.before.Targets {
		w.known[target.Name] = true
	}
	return nil
}

// keepID gives the network an ID, if it has none. It is by chance: names of
// coordinators may be the same.
func (w *networkWork) keepID() error {
	if w.id != "" {
		return nil
	}
	w.id = rand.Text()
	return replace.File(w.idFile(), []byte(w.id+"\n"), 0o644)
}

// owner is how machines write down whose a process is: the ID, and where the network
// has its coordinator. Disnix's client for SSH lets no more letters through.
func (w networkWork) owner() string {
	name := "somebody"
	if who, err := user.Current(); err == nil {
		name = who.Username
	}
	host, _ := os.Hostname()
	return w.id + " " + unsafeLetters.ReplaceAllString(name+"@"+host+":"+w.where.Path(), "_")
}

var unsafeLetters = regexp.MustCompile(`[^A-Za-z0-9@:./_-]`)

// ownerArguments tell our module whose it is what a step starts or stops.
func (w networkWork) ownerArguments(step network.Step) (args []string) {
	if step.Service.Type != network.Module {
		return nil
	}
	of := func(one network.Deployed) string {
		if one.Taken {
			return one.Owner
		}
		return w.owner()
	}
	owner := of(step.Service)
	if owner == "" {
		return nil
	}
	args = []string{"--arguments", "nixprocNetwork=" + owner}
	if step.Instead.Package != "" {
		instead, _, _ := strings.Cut(of(step.Instead), " ")
		args = append(args, "--arguments", "nixprocInstead="+instead)
	}
	return args
}

// askAlso asks the machines that are used, and those that may have something that the
// network does not know of.
func (s *session) askAlso(w networkWork, targets []manifestxml.Target, used map[string]bool) map[string]said {
	asked := maps.Clone(used)
	for _, target := range targets {
		asked[target.Name] = used[target.Name] || !w.known[target.Name]
	}
	answers := s.ask(s.soft, w, w.before.At(targets, asked))
	for machine, answer := range answers {
		if errors.Is(answer.err, errNoModule) && !used[machine] { // so it has nothing
			delete(answers, machine)
		}
	}
	return answers
}

// remember completes what is known of the machines by what was known when they were
// last in the network.
func (w *networkWork) remember(targets []manifestxml.Target) error {
	for _, target := range targets {
		is := func(one manifestxml.Target) bool { return one.Name == target.Name }
		if slices.ContainsFunc(w.before.Targets, is) {
			continue
		}
		if err := w.readEarlier(); err != nil {
			return err
		}
		for _, n := range w.earlier {
			if i := slices.IndexFunc(n.Targets, is); i >= 0 {
				last := n.Targets[i]
				last.Profile = "" // the machine may have another one by now
				w.before.Targets = append(w.before.Targets, last)
				break
			}
		}
	}
	return nil
}

// readEarlier reads the generations before, the newest first.
func (w *networkWork) readEarlier() error {
	if w.earlier != nil {
		return nil
	}
	generations, err := w.where.Generations()
	if err != nil {
		return err
	}
	w.earlier = []manifestxml.Network{}
	for _, generation := range slices.Backward(generations) {
		if len(w.earlier) == earlierAtMost {
			break
		}
		n, err := manifestxml.ReadNetwork(generation.Path)
		if err != nil {
			return fmt.Errorf("generation %d of %s: %w", generation.Number, w.where.Path(), err)
		}
		w.earlier = append(w.earlier, n)
	}
	return nil
}

// settleOwners completes what is deployed by what the machines have said.
func (w *networkWork) settleOwners(after network.On, answers map[string]said, takeOver bool) (network.Settled, error) {
	held := map[string][]network.Held{}
	for machine, answer := range answers {
		held[machine] = answer.machine.Held
	}
	var failed error
	var earlier []network.On
	s := network.Owner{
		ID: w.id, TakeOver: takeOver,
		Earlier: func(machine string) []network.On {
			if w.known[machine] {
				return nil
			}
			if earlier == nil {
				failed = errors.Join(failed, w.readEarlier())
				for _, n := range w.earlier {
					earlier = append(earlier, placed(n))
				}
			}
			return earlier
		},
		From: func(has network.Held, once network.Deployed) bool {
			return has.Answer.Package != "" && has.Answer.Package == profileOf(once.Package)
		},
	}.Settle(w.deployed, after, held)
	w.deployed = s.Deployed
	for place, found := range s.Found {
		one := s.Deployed[place.Machine][place.Process]
		w.before.Mappings = append(w.before.Mappings, manifestxml.Mapping{
			Target: place.Machine, Name: place.Process, Package: one.Package, Type: one.Type, Container: one.Container,
		})
		answers[place.Machine].services[place.Process] = found.Answer
	}
	return s, failed
}

// refused is about processes that other networks have.
func refused(conflicts []string) error {
	if conflicts == nil {
		return nil
	}
	return &nixeval.ModelError{Text: fmt.Sprintf("other networks have what is to be on these machines; nothing was touched:\n  %s\n"+
		"undeploy it there, or give the process another name or machine; --take-over makes it this network's own", strings.Join(conflicts, "\n  "))}
}
