package optimize

import (
	"math/bits"

	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// dynamic finds the cheapest join of all relations without products, nil if
// there are too many or they are not connected.
func (g *joinGraph) dynamic() *joined {
	n := len(g.rels)
	if n > dpLimit {
		return nil
	}
	best := make([]*joined, 1<<n)
	for i := range n {
		best[1<<i] = g.leaf(i)
	}
	for set := uint64(1); set < 1<<n; set++ {
		if bits.OnesCount64(set) < 2 {
			continue
		}
		for a := (set - 1) & set; a != 0; a = (a - 1) & set {
			l, r := best[a], best[set&^a]
			if l == nil || r == nil {
				continue
			}
			ok, connected := g.joinable(l, r)
			if !ok || !connected {
				continue
			}
			// Inner joins are symmetric: look at each pair once.
			if g.lone(r) < 0 && a < set&^a {
				continue
			}
			known := best[set]
			if known != nil && l.cost+r.cost >= known.cost {
				continue
			}
			var j *joined
			if known != nil {
				j = g.join(l, r, known.est)
			} else {
				j = g.join(l, r, nil)
			}
			if known == nil || j.cost < known.cost {
				best[set] = j
			}
		}
	}
	return best[1<<n-1]
}

// greedy joins the connected pair with the smallest result until one is left;
// if nothing is connected any more, the two smallest.
func (g *joinGraph) greedy() *joined {
	parts := make([]*joined, len(g.rels))
	for i := range parts {
		parts[i] = g.leaf(i)
	}
	for len(parts) > 1 {
		var best *joined
		bi, bj, bestConnected := -1, -1, false
		for i, a := range parts {
			for j, b := range parts {
				if i == j {
					continue
				}
				ok, connected := g.joinable(a, b)
				if !ok || bestConnected && !connected || g.lone(b) < 0 && i > j {
					continue
				}
				if !connected {
					if bestConnected {
						continue
					}
					if best == nil || a.est.Rows*b.est.Rows < best.est.Rows {
						best, bi, bj = g.join(a, b, nil), i, j
					}
					continue
				}
				c := g.join(a, b, nil)
				if !bestConnected || c.est.Rows < best.est.Rows || c.est.Rows == best.est.Rows && c.cost < best.cost {
					best, bi, bj, bestConnected = c, i, j, true
				}
			}
		}
		if best == nil { // dependent relations are left whose needs nobody has: cannot be
			return nil
		}
		var rest []*joined
		for k, p := range parts {
			if k != bi && k != bj {
				rest = append(rest, p)
			}
		}
		parts = append(rest, best)
	}
	return parts[0]
}

// build makes the plan, the larger input of an inner join on the left.
func (g *joinGraph) build(j *joined) logical.Node {
	return filter(g.plan(j), g.none...)
}

func (g *joinGraph) plan(j *joined) logical.Node {
	if j.left == nil {
		return g.rels[bits.TrailingZeros64(j.set)].node
	}
	a, b := j.left, j.right
	preds := g.newPreds(a.set, b.set)
	if i := g.lone(b); i >= 0 {
		d := *g.rels[i].dep
		d.Left, d.Right = g.plan(a), g.rels[i].node
		return filter(&d, preds...)
	}
	if a.est.Rows < b.est.Rows {
		a, b = b, a
	}
	var conds []expr.Expr
	for _, c := range g.crossing(a.set, b.set) {
		conds = append(conds, &expr.Compare{Op: expr.Eq, Left: c[0].col, Right: c[1].col})
	}
	out := &logical.Join{Left: g.plan(a), Right: g.plan(b), Kind: logical.Inner, Cond: expr.Conj(append(conds, preds...)...)}
	if out.Cond == nil {
		out.Kind = logical.Cross
	}
	return out
}
