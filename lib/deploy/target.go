package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"nixproc/lib/accounts"
	"nixproc/lib/journal"
	"nixproc/lib/manager"
	"nixproc/lib/manifest"
	"nixproc/lib/plan"
	"nixproc/lib/profile"
)

// Target is where profiles are deployed to: a Nix profile, and the process
// manager that runs what it lists.
type Target struct {
	Profile profile.Profile
	Manager manager.Manager
	// Previous is the profile to compare with; "" finds the one that this
	// manager was given last.
	Previous string
	// Fresh takes nothing to be deployed, whatever the generations say.
	Fresh bool
	// Making is the generation that is there already, though nothing of it
	// runs yet; 0 for none.
	Making int
	// RestartDependents also restarts what depends on a restarted process.
	RestartDependents bool
	// Companion is a file that changes along with the profile; nil for none.
	Companion *Companion
	// Stay leaves the profile and its companion where they are, whatever is made
	// to run.
	Stay bool
	// Journal is that of the switch that has begun; nil before Begin.
	Journal *journal.Journal
	left    *journal.Found // what Begin found
}

// Previous profile of a target, and which generation it is (0 for one that was
// given by its path, or where there is none).
type Previous struct {
	Path       string // "" if there is none
	Generation int
	// Other is the manager of the current generation, if that is not ours.
	Other string
}

// FindPrevious looks for what this manager was given last: the current
// generation, or, if that is another manager's, the latest one of ours.
func (t Target) FindPrevious() (Previous, error) {
	if t.Fresh || t.Previous != "" {
		return Previous{Path: t.Previous}, nil
	}
	current, found, err := t.Profile.Current()
	if _, gone := errors.AsType[*profile.GoneError](err); gone {
		return t.latest("")
	}
	if err != nil || !found {
		return Previous{}, err
	}
	owner, err := ownerOf(current)
	if err != nil {
		return Previous{}, err
	}
	if owner == t.Manager.Name() || owner == "" {
		return Previous{Path: current.Path, Generation: current.Number}, nil
	}
	return t.latest(owner)
}

// latest is the newest generation of this target's manager, where the current
// one is another's, or gone.
func (t Target) latest(other string) (Previous, error) {
	generations, err := t.Generations()
	generations = slices.DeleteFunc(generations, func(g profile.Generation) bool { return g.Number == t.Making })
	if err != nil || len(generations) == 0 {
		return Previous{Other: other}, err
	}
	last := generations[len(generations)-1]
	return Previous{Path: last.Path, Generation: last.Number, Other: other}, nil
}

// Generations of this target's manager, and those that are nobody's.
func (t Target) Generations() ([]profile.Generation, error) {
	all, err := t.Profile.Generations()
	if err != nil {
		return nil, err
	}
	var ours []profile.Generation
	for _, generation := range all {
		owner, err := ownerOf(generation)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its store path was removed by force
		}
		if err != nil {
			return nil, err
		}
		if owner == t.Manager.Name() || owner == "" {
			ours = append(ours, generation)
		}
	}
	return ours, nil
}

func ownerOf(generation profile.Generation) (string, error) {
	owner, err := manifest.ManagerOf(generation.Path)
	if err != nil {
		return "", fmt.Errorf("generation %d can't be read (--old-profile can name the profile that runs): %w", generation.Number, err)
	}
	return owner, nil
}

// Comparison is what two profiles mean for a target.
type Comparison struct {
	Plan   plan.Plan
	Old    string                   // the profile that was compared with, "" for none
	States map[string]manager.State // of all units, before
	Create accounts.Set
	Remove accounts.Set
	Ours   accounts.Set // existed before Create, but only since an earlier switch
	// Unready stay as an interrupted switch has started them.
	Unready []manager.Unit
	// Interrupted says that the last switch did not end.
	Interrupted bool
	// Changed are accounts that both profiles have with different properties.
	Changed []string
}

// Compare reads both profiles, asks what runs, and plans. It changes nothing.
func (t Target) Compare(ask func([]manager.Unit) (map[string]manager.State, error), old, new string) (Comparison, error) {
	c := Comparison{Old: old}
	oldUnits, err := t.units(old)
	if err != nil {
		return c, err
	}
	newUnits := oldUnits
	if new != old {
		if newUnits, err = t.units(new); err != nil {
			return c, err
		}
	}
	left, err := t.Interrupted()
	if err != nil {
		return c, err
	}
	if left != nil {
		c.Interrupted = true
		if oldUnits, err = t.inPlace(oldUnits, left); err != nil {
			return c, err
		}
	}
	// The old unit knows best where to look for what runs now.
	asked := append([]manager.Unit(nil), oldUnits...)
	known := make(map[string]bool, len(oldUnits))
	for _, unit := range oldUnits {
		known[unit.Name] = true
	}
	for _, unit := range newUnits {
		if !known[unit.Name] {
			asked = append(asked, unit)
		}
	}
	if c.States, err = ask(asked); err != nil {
		return c, err
	}
	if left != nil {
		doubt(oldUnits, left, c.States)
	}
	options := plan.Options{RestartDependents: t.RestartDependents, Differences: t.differences(oldUnits, newUnits)}
	if chain, ok := manager.As[manager.Chain](t.Manager); ok {
		options.Chained = chain.StopsToStart
	}
	c.Plan = plan.Make(oldUnits, newUnits, c.States, options)
	c.Unready = unready(c.Plan, left)
	if err := t.conflicts(c.Plan); err != nil {
		return c, err
	}

	notGone, err := t.remembered(leftAccounts)
	if err != nil {
		return c, err
	}
	if new == old && left == nil && notGone.Empty() {
		return c, nil // no account comes or goes
	}
	oldAccounts, err := readAccounts(old)
	if err != nil {
		return c, err
	}
	newAccounts, err := readAccounts(new)
	if err != nil {
		return c, err
	}
	c.Ours = union(ofInterrupted(left), notGone)
	c.Create, _ = accounts.Diff(oldAccounts, newAccounts)
	_, c.Remove = accounts.Diff(union(oldAccounts, c.Ours), newAccounts)
	c.Changed = accounts.Changed(oldAccounts, newAccounts)
	if c.Remove, err = t.unneeded(c.Remove); err != nil {
		return c, err
	}
	return c, nil
}

func (t Target) units(path string) ([]manager.Unit, error) {
	if path == "" {
		return nil, nil
	}
	units, err := t.Manager.Units(path)
	for i := range units {
		units[i].Profile = path
	}
	return units, err
}

func readAccounts(path string) (accounts.Set, error) {
	tree, err := manifest.Tree(path)
	if err != nil || tree == "" {
		return accounts.Set{}, err
	}
	return accounts.Read(tree)
}
