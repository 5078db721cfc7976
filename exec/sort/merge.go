package sort

import (
	"context"
	stdsort "sort"

	"github.com/volley-sql/volley/exec/flow"
)

// mergeRanges is how many pieces a merge is cut into for each thread.
const mergeRanges = 4

// merge makes one order of row numbers out of sorted lists of entries of the
// sealed run r. The output is cut into ranges of about equal size at entries
// of the longest list; each range is merged by one thread.
func (r *run) merge(ctx context.Context, par flow.Parallel, lists [][]ent) ([]uint32, error) {
	total, longest, n := 0, 0, 0
	for i, l := range lists {
		total += len(l)
		if len(l) > len(lists[longest]) {
			longest = i
		}
		if len(l) > 0 {
			n++
		}
	}
	rows := r.numbers(total)
	if n <= 1 {
		if n == 1 {
			for i, e := range lists[longest] {
				rows[i] = e.row
			}
		}
		return rows, nil
	}
	err := par(ctx, len(lists), func(_ context.Context, _, i int) error {
		r.prefixes(lists[i])
		return nil
	})
	if err != nil {
		return nil, err
	}
	pieces := max(1, min(r.spec.env.Threads*mergeRanges, total/4096))
	// bounds[p][l] is where piece p begins in list l, starts[p] where in the output.
	bounds := make([][]int, pieces+1)
	starts := make([]int, pieces+1)
	bounds[0] = make([]int, len(lists))
	for p := 1; p < pieces; p++ {
		at := len(lists[longest]) * p / pieces
		split := lists[longest][at]
		bounds[p] = make([]int, len(lists))
		for l, list := range lists {
			if l == longest {
				bounds[p][l] = at
			} else {
				bounds[p][l] = stdsort.Search(len(list), func(i int) bool { return r.compare(list[i], split) >= 0 })
			}
			starts[p] += bounds[p][l]
		}
	}
	bounds[pieces] = make([]int, len(lists))
	for l, list := range lists {
		bounds[pieces][l] = len(list)
	}
	starts[pieces] = total
	err = par(ctx, pieces, func(ctx context.Context, _, p int) error {
		parts := make([][]ent, 0, len(lists))
		for l, list := range lists {
			if part := list[bounds[p][l]:bounds[p+1][l]]; len(part) > 0 {
				parts = append(parts, part)
			}
		}
		return r.mergeInto(ctx, rows[starts[p]:starts[p+1]], parts)
	})
	return rows, err
}

// mergeInto merges sorted parts into out.
func (r *run) mergeInto(ctx context.Context, out []uint32, parts [][]ent) error {
	if len(parts) == 2 {
		return r.mergeTwo(ctx, out, parts[0], parts[1])
	}
	heads := make([]int, len(parts))
	t := newTree(len(parts), func(a, b int) bool {
		return r.compare(parts[a][heads[a]], parts[b][heads[b]]) < 0
	})
	for i := range out {
		if i&0xffff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		w := t.winner()
		out[i] = parts[w][heads[w]].row
		heads[w]++
		t.next(heads[w] < len(parts[w]))
	}
	return nil
}

func (r *run) mergeTwo(ctx context.Context, out []uint32, a, b []ent) error {
	i, j := 0, 0
	for k := range out {
		if k&0xffff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if j >= len(b) || i < len(a) && r.compare(a[i], b[j]) <= 0 {
			out[k] = a[i].row
			i++
		} else {
			out[k] = b[j].row
			j++
		}
	}
	return nil
}

// tree is a loser tree over n inputs: after the winner's head has moved, next
// finds the new winner with one comparison a level.
type tree struct {
	less func(a, b int) bool
	n    int
	node []int // node[0] the winner, node[1:] losers; -1: no input
	done []bool
}

// newTree starts with every input having a head.
func newTree(n int, less func(a, b int) bool) *tree {
	size := 1
	for size < n {
		size *= 2
	}
	t := &tree{less: less, n: size, node: make([]int, size), done: make([]bool, size)}
	for i := n; i < size; i++ {
		t.done[i] = true
	}
	winners := make([]int, 2*size)
	for i := range size {
		winners[size+i] = i
	}
	for i := size - 1; i >= 1; i-- {
		a, b := winners[2*i], winners[2*i+1]
		if t.beats(b, a) {
			a, b = b, a
		}
		winners[i], t.node[i] = a, b
	}
	if size == 1 {
		t.node[0] = 0
	} else {
		t.node[0] = winners[1]
	}
	return t
}

func (t *tree) beats(a, b int) bool {
	if t.done[a] || t.done[b] {
		return !t.done[a]
	}
	return t.less(a, b)
}

// winner is the input with the least head. It is an exhausted one when all are.
func (t *tree) winner() int { return t.node[0] }

// empty reports whether all inputs are exhausted.
func (t *tree) empty() bool { return t.done[t.node[0]] }

// next replays the winner, whose head has moved on, or was the last if more is false.
func (t *tree) next(more bool) {
	w := t.node[0]
	t.done[w] = !more
	for i := (t.n + w) / 2; i >= 1; i /= 2 {
		if t.beats(t.node[i], w) {
			w, t.node[i] = t.node[i], w
		}
	}
	t.node[0] = w
}
