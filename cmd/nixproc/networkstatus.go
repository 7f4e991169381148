package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"nixproc/lib/coordinator"
	"nixproc/lib/deploy"
	"nixproc/lib/manager"
	"nixproc/lib/manifestxml"
	"nixproc/lib/network"
)

// networkStatusRow is what --json prints of one process on a machine.
type networkStatusRow struct {
	Machine   string `json:"machine"`
	Process   string `json:"process"`
	Package   string `json:"package"`
	Condition string `json:"condition"` // running, stopped, unknown
	PID       int    `json:"pid,omitempty"`
	Since     int64  `json:"since,omitempty"` // seconds since 1970
	Detail    string `json:"detail,omitempty"`
}

// networkStatus asks each machine whether what was deployed there runs.
func networkStatus(s *session, o *options, operands []string) error {
	if len(operands) > 0 {
		return usageError{"network-status takes no operands"}
	}
	where, err := placeOf("disnix", o)
	if err != nil {
		return err
	}
	busy := coordinator.Free(s.soft, where)
	if _, ok := errors.AsType[*deploy.BusyError](busy); busy != nil && !ok {
		return busy
	}
	c, err := s.coordinator(o, where)
	if err != nil {
		return err
	}
	interrupted := c.Deployed.Doubtful()
	if !c.IsDeployed() && !interrupted && busy != nil {
		return busy
	}
	if !c.IsDeployed() && !interrupted {
		return fmt.Errorf("nothing is deployed in the profile %s: nixproc network-switch deploys a processes model", where.Path())
	}
	answers := c.AskAlso(c.Before.Targets, coordinator.Mapped(c.Before))
	if err := s.soft.Err(); err != nil {
		return err
	}
	settled, err := c.SettleOwners(nil, answers, false)
	if err != nil {
		return err
	}
	deployed := c.Before
	slices.SortFunc(deployed.Mappings, func(a, b manifestxml.Mapping) int {
		return cmp.Or(strings.Compare(a.Target, b.Target), strings.Compare(a.Name, b.Name))
	})
	doubt := "in doubt"
	if busy != nil {
		doubt = "is being changed"
	}
	rows := []networkStatusRow{}
	down, unknown, others := 0, 0, 0
	for _, m := range deployed.Mappings {
		answer := answers.Of(m.Target, m.Name)
		place := network.Place{Machine: m.Target, Process: m.Name}
		if owner, lost := settled.Lost[place]; lost {
			answer = network.Answer{Condition: manager.Unknown.String(), Detail: owner + " has it now"}
			others++
		}
		if _, found := settled.Found[place]; found {
			answer.Down, answer.Detail = false, strings.TrimSpace("left from before, for the next network-switch "+answer.Detail)
		}
		if c.Deployed[m.Target][m.Name].InDoubt {
			answer.Down = answer.Down && busy == nil && c.Current[m.Target][m.Name].Package != ""
			answer.Detail = strings.TrimSpace(doubt + " " + answer.Detail)
		}
		answer.Condition = cmp.Or(answer.Condition, manager.Unknown.String())
		rows = append(rows, networkStatusRow{m.Target, m.Name, m.Package, answer.Condition, answer.PID, answer.Since, answer.Detail})
		switch {
		case answer.Down:
			down++
		case answer.Condition == manager.Unknown.String() && answer.Skipped == "":
			unknown++
		}
	}
	if o.json {
		err = printJSON(map[string]any{"processes": rows})
	} else {
		err = printNetworkStatus(rows)
	}
	if err != nil {
		return err
	}
	switch {
	case busy != nil:
		note("%v", busy)
	case interrupted:
		note("a switch that did not come to its end was at what is in doubt: nixproc network-switch with any model goes on from there, --rollback goes back")
	}
	silent := answers.Silences()
	switch {
	case silent != nil:
		return fmt.Errorf("what runs on these machines can't be seen:\n%s", strings.Join(silent, "\n"))
	case down > 0:
		return fmt.Errorf("%d of %d processes do not run, or nobody sees to them: the same network-switch again starts them", down, len(rows))
	case others > 0:
		return fmt.Errorf("%d of %d processes are another network's now: network-switch with a model without them lets them go, --take-over takes them back", others, len(rows))
	case unknown > 0:
		return fmt.Errorf("whether %d of %d processes run can't be seen: only what the module %s has started can", unknown, len(rows), network.Module)
	}
	return nil
}

func printNetworkStatus(rows []networkStatusRow) error {
	if len(rows) == 0 {
		_, err := fmt.Println("no processes")
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MACHINE\tPROCESS\tCONDITION\tPID\tSINCE\t")
	for _, row := range rows {
		pid, since := "-", "-"
		if row.PID != 0 {
			pid = fmt.Sprint(row.PID)
		}
		if row.Since != 0 {
			since = time.Unix(row.Since, 0).Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", row.Machine, row.Process, row.Condition, pid, since, row.Detail)
	}
	return table.Flush()
}
