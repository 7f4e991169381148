package nixeval

import (
	"context"
	"encoding/json"
	"fmt"

	"nixproc/nixproc"
)

// Network is what a processes model and the models of Disnix say of a network.
type Network struct {
	// Machines are the process managers of the machines, by the names of these; ""
	// where nobody said which.
	Machines  map[string]string
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
}

// Network evaluates a model and those of Disnix as far as it takes to spread the
// processes over machines. Nothing is built.
func (n Nix) Network(ctx context.Context, r Request, files NetworkFiles) (Network, error) {
	args := append([]string{"--eval", "--strict", "--json"}, n.expression("network.nix", nixproc.Network)...)
	args = append(args, "--argstr", "infrastructureFile", files.Infrastructure, "--argstr", "machineManager", files.Manager)
	if files.Distribution != "" {
		args = append(args, "--argstr", "distributionFile", files.Distribution)
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
