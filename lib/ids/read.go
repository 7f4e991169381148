package ids

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/go-multierror"
)

// Parse reads a question from JSON, as nixproc/requirements.nix gives it: what
// people's files hold, of which only the form is known. All that is wrong comes
// in one error.
//
//	resources  the pools: by name, sets with min and max
//	ids        null, or what Assignments.Nix wrote
//	requires   by process, the list of resources
//
// Numbers may be strings, and a missing one of a pool is 0. Elements of lists
// that are no strings name no resource.
func Parse(data []byte) (Question, error) {
	var raw struct {
		Resources map[string]map[string]any `json:"resources"`
		IDs       *struct {
			IDs  map[string]map[string]any `json:"ids"`
			Last map[string]any            `json:"lastAssignments"`
		} `json:"ids"`
		Requires map[string][]any `json:"requires"`
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&raw); err != nil {
		return Question{}, fmt.Errorf("what IDs are assigned from can't be read: %w", err)
	}
	p := parser{}
	q := Question{Pools: map[string]Pool{}, Requires: map[string][]string{}}
	for _, name := range slices.Sorted(maps.Keys(raw.Resources)) {
		q.Pools[name] = p.pool(name, raw.Resources[name])
	}
	if raw.IDs != nil {
		q.Before = Assignments{IDs: map[string]map[string]int64{}, Last: p.numbers("--ids: lastAssignments", raw.IDs.Last)}
		for _, resource := range slices.Sorted(maps.Keys(raw.IDs.IDs)) {
			q.Before.IDs[resource] = p.numbers(fmt.Sprintf("--ids: ids.%s", resource), raw.IDs.IDs[resource])
		}
	}
	for process, required := range raw.Requires {
		q.Requires[process] = []string{}
		for _, element := range required {
			if resource, ok := element.(string); ok && !slices.Contains(q.Requires[process], resource) {
				q.Requires[process] = append(q.Requires[process], resource)
			}
		}
	}
	return q, p.problems.ErrorOrNil()
}

// parser collects problems.
type parser struct{ problems *multierror.Error }

func (p *parser) problem(format string, args ...any) {
	p.problems = multierror.Append(p.problems, fmt.Errorf(format, args...))
	p.problems.ErrorFormat = lines
}

func lines(problems []error) string { return errors.Join(problems...).Error() }

func (p *parser) pool(name string, attributes map[string]any) Pool {
	var pool Pool
	for _, end := range []struct {
		attribute string
		number    *int64
	}{{"min", &pool.Min}, {"max", &pool.Max}} {
		if value, given := attributes[end.attribute]; given {
			*end.number = p.number(fmt.Sprintf("--id-resources: %s.%s", name, end.attribute), value)
		}
	}
	_, ends := attributes["max"]
	switch {
	case pool.Max >= pool.Min-1:
	case !ends:
		p.problem("--id-resources: %s.max is missing: its numbers begin at the min %d, and have to end somewhere", name, pool.Min)
	default:
		p.problem("--id-resources: %s has the min %d, which is above its max %d", name, pool.Min, pool.Max)
	}
	return pool
}

func (p *parser) numbers(where string, values map[string]any) map[string]int64 {
	numbers := make(map[string]int64, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		numbers[name] = p.number(where+"."+name, values[name])
	}
	return numbers
}

// number reads a whole number that is not negative.
func (p *parser) number(where string, value any) int64 {
	var text string
	switch value := value.(type) {
	case json.Number:
		text = value.String()
	case string:
		text = value
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 0 {
		given, _ := json.Marshal(value) // it came from JSON
		p.problem("%s is %s, where a whole number is due", where, given)
		return 0
	}
	return number
}
