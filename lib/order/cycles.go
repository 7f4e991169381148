package order

import "slices"

// cycles finds the strongly connected components with more than one node, or
// with a node that depends on itself (Tarjan's algorithm, without recursion so
// that a deep graph can't exhaust the stack), and one path through each.
func cycles(nodes []Node) [][]string {
	nodes = slices.Clone(nodes)
	slices.SortFunc(nodes, func(a, b Node) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	index := make(map[string]int, len(nodes))
	for i, node := range nodes {
		index[node.Name] = i
	}
	edges := make([][]int, len(nodes))
	for i, node := range nodes {
		if node.Fixed {
			continue
		}
		for _, dependency := range distinct(node.Dependencies) {
			if j, ok := index[dependency]; ok {
				edges[i] = append(edges[i], j)
			}
		}
	}

	var found [][]string
	for _, component := range components(edges) {
		start := slices.Min(component)
		if len(component) > 1 || slices.Contains(edges[start], start) {
			var path []string
			for _, i := range shortestCycle(edges, start, component) {
				path = append(path, nodes[i].Name)
			}
			found = append(found, path)
		}
	}
	slices.SortFunc(found, func(a, b []string) int { return slices.Compare(a, b) })
	return found
}

func components(edges [][]int) [][]int {
	var (
		found   [][]int
		stack   []int
		number  = make([]int, len(edges)) // 0: not visited
		low     = make([]int, len(edges))
		onStack = make([]bool, len(edges))
		next    = 1
	)
	type frame struct{ node, edge int }
	for root := range edges {
		if number[root] != 0 {
			continue
		}
		path := []frame{{node: root}}
		for len(path) > 0 {
			top := &path[len(path)-1]
			node := top.node
			if top.edge == 0 {
				number[node], low[node] = next, next
				next++
				stack = append(stack, node)
				onStack[node] = true
			}
			if top.edge < len(edges[node]) {
				to := edges[node][top.edge]
				top.edge++
				if number[to] == 0 {
					path = append(path, frame{node: to})
				} else if onStack[to] {
					low[node] = min(low[node], number[to])
				}
				continue
			}
			if low[node] == number[node] {
				at := slices.Index(stack, node)
				component := slices.Clone(stack[at:])
				for _, member := range component {
					onStack[member] = false
				}
				stack = stack[:at]
				found = append(found, component)
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				parent := path[len(path)-1].node
				low[parent] = min(low[parent], low[node])
			}
		}
	}
	return found
}

// shortestCycle walks from start back to start, inside the component.
func shortestCycle(edges [][]int, start int, component []int) []int {
	member := make(map[int]bool, len(component))
	for _, node := range component {
		member[node] = true
	}
	from := map[int]int{}
	queue := []int{start}
	for len(queue) > 0 {
		node := queue[0]
		queue = queue[1:]
		for _, to := range edges[node] {
			if to == start {
				path := []int{start}
				for ; node != start; node = from[node] {
					path = append(path, node)
				}
				path = append(path, start)
				slices.Reverse(path)
				return path
			}
			if _, seen := from[to]; !seen && member[to] {
				from[to] = node
				queue = append(queue, to)
			}
		}
	}
	return nil
}
