package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"text/tabwriter"
	"time"

	"nixproc/lib/manifestxml"
	"nixproc/lib/run"
)

// reached bounds the question whether a machine can be reached.
const reached = 30 * time.Second

// networkStatus shows what is deployed on which machine, and which machines can be
// reached and have it.
func networkStatus(s *session, o *options, operands []string) error {
	if len(operands) > 0 {
		return usageError{"network-status takes no operands"}
	}
	where, err := placeOf("disnix", o)
	if err != nil {
		return err
	}
	current, exists, err := where.Current()
	if err != nil {
		return err
	}
	var deployed manifestxml.Network
	if exists {
		if deployed, err = manifestxml.ReadNetwork(current.Path); err != nil {
			return err
		}
	}
	machines := make([]string, len(deployed.Targets))
	var asked sync.WaitGroup
	for i, target := range deployed.Targets {
		asked.Go(func() { machines[i] = s.machineState(target) })
	}
	asked.Wait()
	states := map[string]string{}
	for i, target := range deployed.Targets {
		states[target.Name] = machines[i]
	}
	type line struct {
		Machine string `json:"machine"`
		Process string `json:"process"`
		Package string `json:"package"`
		State   string `json:"state"`
	}
	lines := []line{}
	for _, m := range deployed.Mappings {
		lines = append(lines, line{m.Target, m.Name, m.Package, states[m.Target]})
	}
	if o.json {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"processes": lines})
	}
	if len(lines) == 0 {
		_, err = fmt.Println("no processes")
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, one := range lines {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.Machine, one.Process, one.State, one.Package)
	}
	return table.Flush()
}

// machineState asks a machine whether it has the packages that it is to have.
func (s *session) machineState(target manifestxml.Target) string {
	if target.Profile == "" {
		return "empty"
	}
	result, err := run.Host{}.Run(s.soft, run.Command{Args: []string{target.ClientInterface, "--target", target.Address, "--print-invalid", target.Profile}, Timeout: reached})
	switch {
	case err != nil:
		return "unreachable"
	case result.Stdout != "":
		return "packages missing"
	}
	return "deployed"
}
