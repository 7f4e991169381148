package coordinator

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
)

// earlierAtMost bounds how many generations are searched for a machine that comes
// back.
const earlierAtMost = 20

func (c *Coordinator) idFile() string { return filepath.Join(c.Where.WorkDir(), "network-id") }

// readID reads by which ID machines know the network, if it has one already. Since
// then each switch has left nothing behind that it did not know of, on any machine
// that there was.
func (c *Coordinator) readID() error {
	data, err := os.ReadFile(c.idFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if c.id = strings.TrimSpace(string(data)); err != nil || c.id == "" {
		return err
	}
	c.known = map[string]bool{}
	for _, target := range c.Before.Targets {
		c.known[target.Name] = true
	}
	return nil
}

// keepID gives the network an ID, if it has none. It is by chance: names of
// coordinators may be the same.
func (c *Coordinator) keepID() error {
	if c.id != "" {
		return nil
	}
	c.id = rand.Text()
	return replace.File(c.idFile(), []byte(c.id+"\n"), 0o644)
}

// owner is how machines write down whose a process is: the ID, and where the network
// has its coordinator. Disnix's client for SSH lets no more letters through.
func (c *Coordinator) owner() string {
	name := "somebody"
	if who, err := user.Current(); err == nil {
		name = who.Username
	}
	host, _ := os.Hostname()
	return c.id + " " + unsafeLetters.ReplaceAllString(name+"@"+host+":"+c.Where.Path(), "_")
}

var unsafeLetters = regexp.MustCompile(`[^A-Za-z0-9@:./_-]`)

// ownerArguments tell our module whose it is what a step starts or stops.
func (c *Coordinator) ownerArguments(step network.Step) (args []string) {
	if step.Service.Type != network.Module {
		return nil
	}
	of := func(one network.Deployed) string {
		if one.Taken {
			return one.Owner
		}
		return c.owner()
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

// AskAlso asks the machines that are used, and those that may have something that the
// network does not know of.
func (c *Coordinator) AskAlso(targets []manifestxml.Target, used map[string]bool) Answers {
	asked := maps.Clone(used)
	for _, target := range targets {
		asked[target.Name] = used[target.Name] || !c.known[target.Name]
	}
	answers := c.Ask(c.Soft, c.Before.At(targets, asked))
	for machine, answer := range answers {
		if errors.Is(answer.Err, errNoModule) && !used[machine] { // so it has nothing
			delete(answers, machine)
		}
	}
	return answers
}

// remember completes what is known of the machines by what was known when they were
// last in the network.
func (c *Coordinator) remember(targets []manifestxml.Target) error {
	for _, target := range targets {
		is := func(one manifestxml.Target) bool { return one.Name == target.Name }
		if slices.ContainsFunc(c.Before.Targets, is) {
			continue
		}
		if err := c.readEarlier(); err != nil {
			return err
		}
		for _, n := range c.earlier {
			if i := slices.IndexFunc(n.Targets, is); i >= 0 {
				last := n.Targets[i]
				last.Profile = "" // the machine may have another one by now
				c.Before.Targets = append(c.Before.Targets, last)
				break
			}
		}
	}
	return nil
}

// readEarlier reads the generations before, the newest first.
func (c *Coordinator) readEarlier() error {
	if c.earlier != nil {
		return nil
	}
	generations, err := c.Where.Generations()
	if err != nil {
		return err
	}
	c.earlier = []manifestxml.Network{}
	for _, generation := range slices.Backward(generations) {
		if len(c.earlier) == earlierAtMost {
			break
		}
		n, err := manifestxml.ReadNetwork(generation.Path)
		if err != nil {
			return fmt.Errorf("generation %d of %s: %w", generation.Number, c.Where.Path(), err)
		}
		c.earlier = append(c.earlier, n)
	}
	return nil
}

// SettleOwners completes what is deployed by what the machines have said.
func (c *Coordinator) SettleOwners(after network.On, answers Answers, takeOver bool) (network.Settled, error) {
	held := map[string][]network.Held{}
	for machine, answer := range answers {
		held[machine] = answer.Machine.Held
	}
	var failed error
	var earlier []network.On
	s := network.Owner{
		ID: c.id, TakeOver: takeOver,
		Earlier: func(machine string) []network.On {
			if c.known[machine] {
				return nil
			}
			if earlier == nil {
				failed = errors.Join(failed, c.readEarlier())
				for _, n := range c.earlier {
					earlier = append(earlier, Placed(n))
				}
			}
			return earlier
		},
		From: func(has network.Held, once network.Deployed) bool {
			return has.Answer.Package != "" && has.Answer.Package == profileOf(once.Package)
		},
	}.Settle(c.Deployed, after, held)
	c.Deployed = s.Deployed
	for place, found := range s.Found {
		one := s.Deployed[place.Machine][place.Process]
		c.Before.Mappings = append(c.Before.Mappings, manifestxml.Mapping{
			Target: place.Machine, Name: place.Process, Package: one.Package, Type: one.Type, Container: one.Container,
		})
		answers[place.Machine].Services[place.Process] = found.Answer
	}
	return s, failed
}

// refused is about processes that other networks have.
func refused(conflicts []string) error {
	if conflicts == nil {
		return nil
	}
	return &ModelError{Text: fmt.Sprintf("other networks have what is to be on these machines; nothing was touched:\n  %s\n"+
		"undeploy it there, or give the process another name or machine; --take-over makes it this network's own", strings.Join(conflicts, "\n  "))}
}
