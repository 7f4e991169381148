package nixeval

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"nixproc/lib/model"
	"nixproc/nixproc"
)

// Network is what a processes model and the models of Disnix say of a network.
type Network struct {
	// Machines are the process managers of the machines, by the names of these; ""
	// where nobody said which.
	Machines map[string]string
	// Reach says how Disnix gets to each of them.
	Reach map[string]struct {
		Address  string // "" where it lacks the property
		Property string
		Client   string // a program
		// Container has the properties that our module gets.
		Container map[string]string
	}
	Processes map[string]struct {
		Name  string
		After []string // names of the processes that it depends on
	}
	Distribution map[string][]string // nil: nobody has written one
	ExtraParams  json.RawMessage
}

// NetworkFiles are the models of Disnix: absolute paths.
type NetworkFiles struct {
	Infrastructure string
	Distribution   string // "" for none
	Manager        string // of machines that do not say which they have; "" for none
	// Of machines that do not say how they are reached; "" for Disnix's own.
	ClientInterface, TargetProperty string
}

// Network evaluates a model and those of Disnix as far as it takes to spread the
// processes over machines. Nothing is built.
func (n Nix) Network(ctx context.Context, r Request, files NetworkFiles) (Network, error) {
	args := append([]string{"--eval", "--strict", "--json"}, n.expression("network.nix", nixproc.Network)...)
	args = append(args, "--argstr", "infrastructureFile", files.Infrastructure, "--argstr", "machineManager", files.Manager)
	for _, given := range [][2]string{
		{"distributionFile", files.Distribution}, {"clientInterface", files.ClientInterface}, {"targetProperty", files.TargetProperty},
	} {
		if given[1] != "" {
			args = append(args, "--argstr", given[0], given[1])
		}
	}
	var network Network
	result, _, err := n.instantiate(ctx, r, args)
	if err != nil {
		return network, err
	}
	if err := json.Unmarshal([]byte(result.Stdout), &network); err != nil {
		return network, fmt.Errorf("what Nix says of the network can't be read: %w", err)
	}
	return network, nil
}

// NetworkModels evaluates what the services of a network are made of, without building
// anything: an expression that lib/network has written gives a model for each process
// manager. With new IDs, it also says whether they were read.
func (n Nix) NetworkModels(ctx context.Context, r Request, file string) (models []model.Model, used bool, err error) {
	args := []string{file}
	if r.NewIDs != nil {
		args = append(args, r.NewIDs.arguments()...)
	}
	result, messages, err := n.instantiate(ctx, r, args)
	if err != nil {
		return nil, false, err
	}
	if r.NewIDs != nil {
		if used, err = r.checkUse(messages); err != nil {
			return nil, false, err
		}
	}
	for path := range strings.Lines(result.Stdout) {
		e, err := printed(path)
		if err != nil {
			return nil, false, err
		}
		one, err := e.Model()
		if err != nil {
			return nil, false, err
		}
		models = append(models, one)
	}
	return models, used, nil
}
