package lower

import (
	"slices"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// recursive lowers WITH RECURSIVE to a node of one task: the anchor is
// gathered there, and the step has no exchange, since it runs over and over.
// What in the step does not depend on the level is computed in front of it, in
// as many tasks as it likes.
func (l *lowerer) recursive(n *logical.Recursive) (*plan, error) {
	anchor, err := l.lower(n.Anchor, expr.ColumnIDs(n.Anchor.Columns()))
	if err != nil {
		return nil, err
	}
	if anchor, err = l.shapeIDs(anchor, n.Anchor.Columns()); err != nil {
		return nil, err
	}
	anchor = l.gather(anchor, nil)
	step, err := l.step(n.Step)
	if err != nil {
		return nil, err
	}
	return &plan{
		node: &physical.Recursive{
			Info: l.info(), Key: n.Key, Name: n.Name, Anchor: anchor.node, Step: step.node, Cols: schema(n.Cols),
			Distinct: n.Distinct, MaxLevel: n.MaxLevel, MaxRows: n.MaxRows, Limit: n.Limit, Pos: n.Pos,
		},
		cols: n.Cols,
	}, nil
}

func (l *lowerer) step(n logical.Node) (*plan, error) {
	parts, loop := l.opts.Partitions, l.loop
	l.opts.Partitions = 1
	l.loop = &recursion{partitions: parts}
	defer func() { l.opts.Partitions, l.loop = parts, loop }()
	p, err := l.lower(n, expr.ColumnIDs(n.Columns()))
	if err != nil {
		return nil, err
	}
	return l.shapeIDs(p, n.Columns())
}

// recursion is the recursive query whose step is being lowered.
type recursion struct {
	partitions int // of what is outside the step
}

// heldLimit is the largest estimated size in bytes of a part of a step that is
// kept for all levels. Larger ones are computed again at every level.
const heldLimit = 512 << 20

// holds reports whether n, in a step, is the same at every level, and worth to
// be kept and small enough.
func (l *lowerer) holds(n logical.Node, need expr.ColSet) bool {
	switch x := n.(type) {
	case *logical.Values:
		return false
	case *logical.Project:
		if v, ok := x.Input.(*logical.Values); ok && len(v.Rows) <= 1 {
			return false
		}
	case *logical.Recurrence, *logical.Range:
		return false
	}
	if l.changes(n) {
		return false
	}
	r := l.est.Relation(n)
	return r.Rows*r.Width(need) <= heldLimit
}

// changes reports whether a plan may give other rows at another level.
func (l *lowerer) changes(n logical.Node) bool {
	switch n.(type) {
	case *logical.Recurrence:
		return true
	case *logical.Shared: // once for everybody
		return false
	}
	for _, e := range logical.Exprs(n) {
		if e != nil && l.volatile(e) {
			return true
		}
	}
	return slices.ContainsFunc(tree.Children(n), l.changes)
}

func (l *lowerer) volatile(e expr.Expr) bool {
	found := false
	tree.Walk(e, func(e expr.Expr) bool {
		if c, ok := e.(*expr.Call); ok && l.opts.Functions != nil {
			d := l.opts.Functions.Lookup(c.Func)
			found = found || d == nil || d.Volatility == function.Volatile
		}
		return !found
	})
	return found
}

// held lowers a part of a step as what is outside the step.
func (l *lowerer) held(n logical.Node, need expr.ColSet) (*plan, error) {
	loop := l.loop
	l.opts.Partitions, l.loop = loop.partitions, nil
	p, err := l.lower(n, need)
	if err == nil {
		p = l.gather(p, nil)
	}
	l.opts.Partitions, l.loop = 1, loop
	if err != nil {
		return nil, err
	}
	node := &physical.Held{Info: l.info(), Input: p.node}
	node.Info.Est = p.node.Meta().Est
	return &plan{node: node, cols: p.cols}, nil
}
