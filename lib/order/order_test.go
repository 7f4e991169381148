package order

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRanksAreTheDepthInTheGraph(t *testing.T) {
	ranks, err := Ranks([]Node{
		{Name: "nginx", Dependencies: []string{"webapp", "webapp2", "not in the model"}},
		{Name: "webapp", Dependencies: []string{"database", "database"}},
		{Name: "webapp2"},
		{Name: "database"},
		{Name: "late", Floor: 7},
		{Name: "after late", Dependencies: []string{"late"}},
		{Name: "merged", Floor: 3, Fixed: true, Dependencies: []string{"late"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"database": 0, "webapp2": 0, "webapp": 1, "nginx": 2, "late": 7, "after late": 8, "merged": 3} {
		if ranks[name] != want {
			t.Errorf("rank of %s is %d, want %d", name, ranks[name], want)
		}
	}
}

func TestCyclesAreShownAsPaths(t *testing.T) {
	_, err := Ranks([]Node{
		{Name: "b", Dependencies: []string{"c"}},
		{Name: "a", Dependencies: []string{"b", "x"}},
		{Name: "c", Dependencies: []string{"a"}},
		{Name: "self", Dependencies: []string{"self"}},
		{Name: "x"},
		{Name: "behind", Dependencies: []string{"a"}},
	})
	var cycle *CycleError
	if !errors.As(err, &cycle) {
		t.Fatalf("error is %v, want a cycle", err)
	}
	const want = "the dependencies form a cycle: a -> b -> c -> a; self -> self"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestLongChainsNeedNoDeepStack(t *testing.T) {
	const n = 200_000
	nodes := make([]Node, n)
	for i := range nodes {
		nodes[i] = Node{Name: fmt.Sprint(i), Dependencies: []string{fmt.Sprint((i + 1) % n)}}
	}
	_, err := Ranks(nodes)
	var cycle *CycleError
	if !errors.As(err, &cycle) || len(cycle.Cycles) != 1 || len(cycle.Cycles[0]) != n+1 {
		t.Fatal("the long cycle was not found")
	}
}

// Guards P10: in any graph a process ranks above all that it depends on, and
// the order in which the nodes were given does not matter.
func TestRanksOfRandomGraphs(t *testing.T) {
	for range 200 {
		nodes := make([]Node, 1+rand.IntN(40))
		for i := range nodes {
			nodes[i].Name = fmt.Sprint("p", i)
			for range rand.IntN(4) {
				if i > 0 {
					nodes[i].Dependencies = append(nodes[i].Dependencies, fmt.Sprint("p", rand.IntN(i)))
				}
			}
		}
		ranks, err := Ranks(nodes)
		if err != nil {
			t.Fatal(err)
		}
		for _, node := range nodes {
			highest := -1
			for _, dependency := range node.Dependencies {
				highest = max(highest, ranks[dependency])
			}
			if ranks[node.Name] != highest+1 {
				t.Fatalf("rank of %v is %d; its dependencies reach %d", node, ranks[node.Name], highest)
			}
		}
		rand.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
		again, err := Ranks(nodes)
		if err != nil {
			t.Fatal(err)
		}
		for name, rank := range ranks {
			if again[name] != rank {
				t.Fatalf("rank of %s depends on the order of the nodes", name)
			}
		}
	}
}

// Guards D18: no sequence number beyond two digits, and never a wrong order.
func TestSequence(t *testing.T) {
	upTo := func(n int) []int {
		ranks := make([]int, n)
		for i := range ranks {
			ranks[i] = i
		}
		return ranks
	}
	for _, test := range []struct {
		name  string
		ranks []int
		last  int
		fails bool
	}{
		{"ranks that fit stay as they are", []int{0, 2, 2, 5}, 5, false},
		{"a hundred levels fit", upTo(100), 99, false},
		{"gaps are closed when they have to be", []int{0, 50, 150}, 2, false},
		{"a hundred and one levels do not fit", upTo(101), 0, true},
		{"none", nil, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			numbers, err := Sequence(test.ranks, 0, 99)
			if (err != nil) != test.fails {
				t.Fatalf("error is %v", err)
			}
			if test.fails || len(test.ranks) == 0 {
				return
			}
			if got := numbers[slices.Max(test.ranks)]; got != test.last {
				t.Errorf("the last number is %d, want %d", got, test.last)
			}
			for _, a := range test.ranks {
				for _, b := range test.ranks {
					if (a < b) != (numbers[a] < numbers[b]) {
						t.Errorf("ranks %d and %d became %d and %d", a, b, numbers[a], numbers[b])
					}
				}
			}
		})
	}
}
