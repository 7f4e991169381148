package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"nixproc/lib/deploy"
	"nixproc/lib/manager"
	"nixproc/lib/manifest"
	"nixproc/lib/profile"
	"nixproc/lib/quote"
)

// status lists the processes of a profile's current generation.
func status(s *session, o *options, operands []string) error {
	if o.processManager != "" {
		if err := knownManager(o.processManager, managers); err != nil {
			return err
		}
	}
	where, err := placeOf(o.processManager, o)
	if err != nil {
		return err
	}
	current, found, err := where.Current()
	if err != nil {
		return err
	}
	if !found && o.processManager == "" {
		// Disnix has its own place.
		theirs, err := placeOf("disnix", o)
		if err != nil {
			return err
		}
		generation, there, err := theirs.Current()
		if err != nil {
			return err
		}
		if there {
			where, current, found = theirs, generation, true
		}
	}
	if !found {
		return s.statusOfInterrupted(where, o, operands)
	}
	owner, err := manifest.ManagerOf(current.Path)
	if err != nil {
		return err
	}
	if owner == "" {
		fmt.Println("no processes")
		return nil
	}
	// A manager may be known by the directories that it was deployed with.
	if err := asDeployed(o, current.Path); err != nil {
		return err
	}
	if o.processManager != "" && o.processManager != owner {
		return fmt.Errorf("the profile %s is at a generation of %s, not of %s", where.Path(), owner, o.processManager)
	}
	m, err := s.newManager(owner, o)
	if err != nil {
		return err
	}
	target := deploy.Target{Profile: where, Manager: m}
	if busy := deploy.Free(s.soft, where.LockFile(), false); busy != nil {
		note("what follows may change: %v", busy)
	} else if left, err := target.Interrupted(); err == nil && left != nil {
		note("the last switch did not come to its end: nixproc recover -p %s undoes or finishes it", quote.Shell(where.Name))
	}
	return s.showStatus(target, current.Path, o, operands)
}

// statusOfInterrupted lists what runs where there is no generation, because the
// first switch did not come to its end.
func (s *session) statusOfInterrupted(where profile.Profile, o *options, operands []string) error {
	places, err := placesOf(o)
	if err != nil {
		return err
	}
	for _, place := range places {
		left, err := deploy.InterruptedIn(place)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(left)) {
			if o.processManager != "" && o.processManager != name {
				continue
			}
			was, err := o.asInterrupted(name, left[name].Last.Options)
			if err != nil {
				return err
			}
			m, err := s.newManager(name, was)
			if err != nil {
				return err
			}
			if err := s.showStatus(deploy.Target{Profile: place, Manager: m}, "", o, operands); err != nil {
				return err
			}
			if busy := deploy.Free(s.soft, place.LockFile(), false); busy != nil {
				return busy
			}
			return fmt.Errorf("nothing is deployed in the profile %s, as its first switch did not come to its end: nixproc recover -p %s undoes it, the same switch again finishes it",
				place.Path(), quote.Shell(place.Name))
		}
	}
	return fmt.Errorf("nothing is deployed in the profile %s: nixproc switch deploys a processes model", where.Path())
}

// showStatus prints the processes of a generation, "" for none, and what runs
// besides of a switch that did not come to its end.
func (s *session) showStatus(target deploy.Target, path string, o *options, operands []string) error {
	units, states, err := s.observe(target, path, operands)
	if err != nil {
		return err
	}
	if o.json {
		err = printJSON(statusRows(units, states))
	} else {
		err = printStatus(units, states)
	}
	if err != nil {
		return err
	}
	return downError(units, states)
}

// observe gives what showStatus prints.
func (s *session) observe(target deploy.Target, path string, names []string) ([]manager.Unit, map[string]manager.State, error) {
	units, err := target.InPlace(path)
	if err != nil {
		return nil, nil, err
	}
	if units, err = named(units, names); err != nil {
		return nil, nil, err
	}
	states, err := target.Manager.Status(s.soft, units)
	if err != nil {
		return nil, nil, err
	}
	units = slices.DeleteFunc(units, func(u manager.Unit) bool {
		return u.Profile != path && !u.Wanted && states[u.Name].Condition == manager.Stopped
	})
	slices.SortStableFunc(units, func(a, b manager.Unit) int { return a.Rank - b.Rank })
	return units, states, nil
}

// named are those of the units that names name: all, if there are no names.
func named(units []manager.Unit, names []string) ([]manager.Unit, error) {
	for _, name := range names {
		if !slices.ContainsFunc(units, func(u manager.Unit) bool { return u.Name == name }) {
			return nil, fmt.Errorf("%s is no process of the current generation: nixproc status lists them", name)
		}
	}
	if len(names) > 0 {
		units = slices.DeleteFunc(slices.Clone(units), func(u manager.Unit) bool { return !slices.Contains(names, u.Name) })
	}
	return units, nil
}

type statusRow struct {
	Name       string         `json:"name"`
	Rank       int            `json:"rank"`
	Wanted     bool           `json:"wanted"`
	Condition  string         `json:"condition"` // running, stopped, unknown
	PID        int            `json:"pid,omitempty"`
	Since      int64          `json:"since,omitempty"` // seconds since 1970
	PIDFile    string         `json:"pidFile,omitempty"`
	Log        string         `json:"log,omitempty"`
	Lost       string         `json:"lost,omitempty"` // what runs of it that its manager does not know
	Attributes map[string]any `json:"attributes,omitempty"`
}

func statusRows(units []manager.Unit, states map[string]manager.State) []statusRow {
	rows := make([]statusRow, 0, len(units))
	for _, unit := range units {
		state := states[unit.Name]
		row := statusRow{
			Name: unit.Name, Rank: unit.Rank, Wanted: unit.Wanted, Condition: state.Condition.String(),
			PID: state.PID, PIDFile: unit.PIDFile, Log: unit.Log, Lost: state.Lost, Attributes: unit.Attributes,
		}
		if !state.Since.IsZero() {
			row.Since = state.Since.Unix()
		}
		rows = append(rows, row)
	}
	return rows
}

func printStatus(units []manager.Unit, states map[string]manager.State) error {
	if len(units) == 0 {
		fmt.Println("no processes")
		return nil
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROCESS\tCONDITION\tPID\tSINCE\t")
	for _, unit := range units {
		state := states[unit.Name]
		pid, since, detail := "-", "-", state.Detail
		if state.PID != 0 {
			pid = fmt.Sprint(state.PID)
		}
		if !state.Since.IsZero() {
			since = state.Since.Format(time.DateTime)
		}
		if !unit.Wanted {
			detail = unit.WhyNot
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", unit.Name, state.Condition, pid, since, strings.Join(slices.DeleteFunc([]string{detail, state.Lost}, func(s string) bool { return s == "" }), "; "))
	}
	return table.Flush()
}

// downError tells of processes that should run and do not, or run and should not.
func downError(units []manager.Unit, states map[string]manager.State) error {
	down, astray := 0, 0
	for _, unit := range units {
		if unit.Wanted && states[unit.Name].Condition == manager.Stopped {
			down++
		}
		if states[unit.Name].Lost != "" {
			astray++
		}
	}
	if astray > 0 {
		return fmt.Errorf("%d of %d processes run where their manager has lost them: the same switch again ends those, and starts what is to run", astray, len(units))
	}
	if down > 0 {
		return fmt.Errorf("%d of %d processes do not run: the same switch again starts them", down, len(units))
	}
	return nil
}
