package lower

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// filterWorth is the largest estimated share of the probe side's key values
// that a runtime filter may pass and still be worth its checks.
const filterWorth = 0.8

// publish lets a hash join tell the scans of its probe side which key values
// can match, where rows that match nothing are not wanted.
func (l *lowerer) publish(n *logical.Join, node *physical.HashJoin, keys []joinKey) {
	probe, build := &node.Left, n.Right
	probed, refs := n.Left, node.LeftKeys
	if node.BuildLeft {
		probe, build, probed, refs = &node.Right, n.Left, n.Right, node.RightKeys
	}
	if !probeMayDrop(node) {
		return
	}
	far := l.farther(node)
	for i, k := range keys {
		ref, ok := refs[i].(*expr.Ref)
		if !ok || k.nullSafe || !l.selective(build, probed, k, node.BuildLeft) {
			continue
		}
		l.nextFilter++
		f := physical.RuntimeFilter{ID: l.nextFilter, Key: i}
		a := &attacher{far: far, key: i, f: f}
		if p, ok := a.attach(*probe, ref.Index); ok {
			*probe = p
			if a.hit {
				node.Publish = append(node.Publish, f)
			}
		}
	}
}

// probeMayDrop reports whether probe rows without a partner leave no trace.
func probeMayDrop(n *physical.HashJoin) bool {
	switch n.Kind {
	case physical.Inner, physical.Semi:
		return true
	case physical.Right:
		return !n.BuildLeft
	case physical.Left, physical.Anti:
		return n.BuildLeft
	}
	return false
}

// selective reports whether the build side lacks values of a key: some that
// the probe side has, or some that its own table had before it was filtered.
func (l *lowerer) selective(build, probe logical.Node, k joinKey, buildLeft bool) bool {
	b, p := k.right, k.left
	if buildLeft {
		b, p = p, b
	}
	have, all := l.est.Distinct(build, b), l.est.Distinct(probe, p)
	return have < filterWorth*all || have < filterWorth*l.est.Domain(build, b)
}

// attacher hands one filter to scans.
type attacher struct {
	f   physical.RuntimeFilter
	key int // of the join
	// hit says that a scan of the stage at hand has it.
	hit bool
	far *farther // nil: not across exchanges
}

// attach hands the filter on output column i of n to the scans the column comes
// from, and reports whether there is one.
func (a *attacher) attach(n physical.Node, i int) (physical.Node, bool) {
	switch x := n.(type) {
	case *physical.Scan:
		c, f := *x, a.f
		f.Column = i
		c.Runtime = append(x.Runtime[:len(x.Runtime):len(x.Runtime)], f)
		a.hit = true
		return &c, true
	case *physical.Exchange:
		return a.cross(x, i)
	case *physical.Prefilter:
		m, ok := a.attach(x.Input, i)
		if !ok {
			return n, false
		}
		c := *x
		c.Input = m
		return &c, true
	case *physical.Filter:
		return a.input(n, x.Input, i)
	case *physical.Sort:
		if x.Limit < 0 && x.Offset == 0 {
			return a.input(n, x.Input, i)
		}
	case *physical.Project:
		if r, ok := x.Exprs[i].(*expr.Ref); ok {
			return a.input(n, x.Input, r.Index)
		}
	case *physical.HashAggregate:
		if i < len(x.Keys) {
			if r, ok := x.Keys[i].(*expr.Ref); ok {
				return a.input(n, x.Input, r.Index)
			}
		}
	case *physical.Window:
		return a.partitions(n, x.Input, x.Partition, i)
	case *physical.TopK:
		if i < len(x.Emit) {
			return a.partitions(n, x.Input, x.Partition, x.Emit[i])
		}
	case *physical.Generate:
		if i < len(x.Input.Schema()) {
			return a.input(n, x.Input, i)
		}
	case *physical.HashJoin:
		return a.join(n, x.Left, x.Right, x.Kind, x.Emit[i])
	case *physical.LoopJoin:
		return a.join(n, x.Left, x.Right, x.Kind, x.Emit[i])
	case *physical.Union:
		found := false
		out := tree.MapChildren(n, func(c physical.Node) physical.Node {
			m, ok := a.attach(c, i)
			found = found || ok
			return m
		})
		return out, found
	}
	return n, false
}

func (a *attacher) input(n, in physical.Node, i int) (physical.Node, bool) {
	m, ok := a.attach(in, i)
	if !ok {
		return n, false
	}
	return tree.MapChildren(n, func(physical.Node) physical.Node { return m }), true
}

// partitions passes a filter on a column by which rows are partitioned: it leaves out whole partitions.
func (a *attacher) partitions(n, in physical.Node, parts []expr.Expr, i int) (physical.Node, bool) {
	for _, e := range parts {
		if r, ok := e.(*expr.Ref); ok && r.Index == i {
			return a.input(n, in, i)
		}
	}
	return n, false
}

// join passes a filter to the side a join's column comes from, if losing
// rows there only loses rows of the output that have the value.
func (a *attacher) join(n, left, right physical.Node, k physical.JoinKind, place int) (physical.Node, bool) {
	width := len(left.Schema())
	side, i := left, place
	switch k {
	case physical.Full:
		return n, false
	case physical.Right:
		if place < width {
			return n, false
		}
	case physical.Left, physical.Semi, physical.Anti, physical.Mark, physical.Single:
		if place >= width {
			return n, false
		}
	}
	if place >= width {
		side, i = right, place-width
	}
	m, ok := a.attach(side, i)
	if !ok {
		return n, false
	}
	return tree.MapChildren(n, func(c physical.Node) physical.Node {
		if c == side {
			return m
		}
		return c
	}), true
}
