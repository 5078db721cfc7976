package stage

import (
	"cmp"
	"slices"

	"github.com/volley-sql/volley/catalog"
)

// balance shares splits out among tasks so that all read about the same number
// of bytes: largest first, each to the task with the least so far. Each share
// keeps the order of splits, so that a task reads its files front to back.
func balance(splits []catalog.Split, tasks int) [][]catalog.Split {
	order := make([]int, len(splits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight(splits[b]), weight(splits[a])) })
	load := make([]int64, tasks)
	shares := make([][]int, tasks)
	for _, i := range order {
		least := 0
		for t := range load {
			if load[t] < load[least] {
				least = t
			}
		}
		load[least] += weight(splits[i])
		shares[least] = append(shares[least], i)
	}
	out := make([][]catalog.Split, tasks)
	for t, share := range shares {
		slices.Sort(share)
		for _, i := range share {
			out[t] = append(out[t], splits[i])
		}
	}
	return out
}

// weight is never 0, so that empty splits spread too.
func weight(s catalog.Split) int64 { return max(s.Length, s.Rows, 0) + 1 }
