package profile

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Delete deletes generations as nix-env --delete-generations does, never the
// current one, and returns their numbers in the order of their age. Spec is
// one of
//
//	N …   these numbers, separated by spaces or commas; those that do not
//	      exist are skipped, the current one is an error
//	old   all but the current one, newer ones too
//	Nd    those that had been replaced N days before now
//	+N    those before the current one, except the N-1 just before it
//
// On an error the numbers deleted so far are returned with it.
func (p Profile) Delete(spec string, now time.Time) ([]int, error) {
	current, _, err := p.Current() // a profile at a lost generation deletes nothing
	if err != nil {
		return nil, err
	}
	list, err := p.Generations()
	if err != nil {
		return nil, err
	}
	chosen, err := choose(list, current.Number, spec, now)
	if err != nil {
		return nil, fmt.Errorf("cannot delete generations of %s: %w", p.Path(), err)
	}
	return p.unlinkAll(chosen)
}

// choose picks what a specification means; current is 0 without a profile.
func choose(list []Generation, current int, spec string, now time.Time) ([]Generation, error) {
	words := strings.FieldsFunc(spec, func(r rune) bool { return strings.ContainsRune(", \t\n", r) })
	if len(words) != 1 {
		return numbered(list, current, words)
	}
	switch spec = words[0]; {
	case spec == "old":
		return filter(list, func(g Generation) bool { return g.Number != current }), nil
	case strings.HasPrefix(spec, "+"):
		keep, err := strconv.Atoi(spec[1:])
		if err != nil || keep < 1 {
			return nil, fmt.Errorf("%q is no number of generations to keep, such as +5", spec)
		}
		older := filter(list, func(g Generation) bool { return g.Number < current })
		return older[:max(0, len(older)-(keep-1))], nil
	case strings.HasSuffix(spec, "d"):
		days, err := strconv.Atoi(strings.TrimSuffix(spec, "d"))
		if err != nil || days < 1 {
			return nil, fmt.Errorf("%q is no number of days, such as 14d", spec)
		}
		return replacedBefore(list, current, now.UTC().AddDate(0, 0, -days)), nil
	}
	return numbered(list, current, words)
}

// replacedBefore leaves out the youngest generation that is older than the
// limit: it was the one in use then.
func replacedBefore(list []Generation, current int, limit time.Time) []Generation {
	i := len(list) - 1
	for i >= 0 && !list[i].Created.Before(limit) {
		i--
	}
	return filter(list[:max(i, 0)], func(g Generation) bool { return g.Number != current })
}

func numbered(list []Generation, current int, words []string) ([]Generation, error) {
	if len(words) == 0 {
		return nil, fmt.Errorf("no generation was named: give numbers, old, Nd or +N")
	}
	wanted := map[int]bool{}
	for _, word := range words {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is no generation: give numbers, old, Nd or +N", word)
		}
		if n == current && n != 0 {
			return nil, fmt.Errorf("generation %d is the current one", n)
		}
		wanted[n] = true
	}
	return filter(list, func(g Generation) bool { return wanted[g.Number] }), nil
}

func filter(list []Generation, keep func(Generation) bool) []Generation {
	var kept []Generation
	for _, g := range list {
		if keep(g) {
			kept = append(kept, g)
		}
	}
	return kept
}

// WriteList writes the table of nix-env --list-generations, byte for byte, in
// local time.
func (p Profile) WriteList(w io.Writer) error {
	list, err := p.Generations()
	if err != nil {
		return err
	}
	for _, g := range list {
		mark := ""
		if g.Current {
			mark = "(current)"
		}
		if _, err := fmt.Fprintf(w, "%4d   %s   %s\n", g.Number, g.Created.Local().Format("2006-01-02 15:04:05"), mark); err != nil {
			return err
		}
	}
	return nil
}
