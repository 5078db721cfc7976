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
	for i, k := range keys {
		ref, ok := refs[i].(*expr.Ref)
		if !ok || k.nullSafe || !l.selective(build, probed, k, node.BuildLeft) {
			continue
		}
		l.nextFilter++
		f := physical.RuntimeFilter{ID: l.nextFilter, Key: i}
		if p, ok := attach(*probe, ref.Index, f); ok {
			*probe = p
			node.Publish = append(node.Publish, f)
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

// attach hands a filter on output column i of n to the scans the column comes
// from, and reports whether there is one.
func attach(n physical.Node, i int, f physical.RuntimeFilter) (physical.Node, bool) {
	switch x := n.(type) {
	case *physical.Scan:
		c := *x
		f.Column = i
		c.Runtime = append(x.Runtime[:len(x.Runtime):len(x.Runtime)], f)
		return &c, true
	case *physical.Filter:
		return attachInput(n, x.Input, i, f)
	case *physical.Sort:
		if x.Limit < 0 && x.Offset == 0 {
			return attachInput(n, x.Input, i, f)
		}
	case *physical.Project:
		if r, ok := x.Exprs[i].(*expr.Ref); ok {
			return attachInput(n, x.Input, r.Index, f)
		}
	case *physical.HashAggregate:
		if i < len(x.Keys) && x.Mode == physical.Complete {
			if r, ok := x.Keys[i].(*expr.Ref); ok {
				return attachInput(n, x.Input, r.Index, f)
			}
		}
	case *physical.Window:
		return attachPartitions(n, x.Input, x.Partition, i, f)
	case *physical.TopK:
		return attachPartitions(n, x.Input, x.Partition, i, f)
	case *physical.Generate:
		if i < len(x.Input.Schema()) {
			return attachInput(n, x.Input, i, f)
		}
	case *physical.HashJoin:
		return attachJoin(n, x.Left, x.Right, x.Kind, x.Emit[i], f)
	case *physical.LoopJoin:
		return attachJoin(n, x.Left, x.Right, x.Kind, x.Emit[i], f)
	case *physical.Union:
		found := false
		out := tree.MapChildren(n, func(c physical.Node) physical.Node {
			m, ok := attach(c, i, f)
			found = found || ok
			return m
		})
		return out, found
	}
	return n, false
}

func attachInput(n, in physical.Node, i int, f physical.RuntimeFilter) (physical.Node, bool) {
	m, ok := attach(in, i, f)
	if !ok {
		return n, false
	}
	return tree.MapChildren(n, func(physical.Node) physical.Node { return m }), true
}

// attachPartitions passes a filter on a column by which rows are partitioned: it leaves out whole partitions.
func attachPartitions(n, in physical.Node, parts []expr.Expr, i int, f physical.RuntimeFilter) (physical.Node, bool) {
	for _, e := range parts {
		if r, ok := e.(*expr.Ref); ok && r.Index == i {
			return attachInput(n, in, i, f)
		}
	}
	return n, false
}

// attachJoin passes a filter to the side a join's column comes from, if losing
// rows there only loses rows of the output that have the value.
func attachJoin(n, left, right physical.Node, k physical.JoinKind, place int, f physical.RuntimeFilter) (physical.Node, bool) {
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
	m, ok := attach(side, i, f)
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
