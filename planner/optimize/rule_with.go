package optimize

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// InlineWith puts a With plan in the place of its only use, and drops those nobody uses.
var InlineWith = On("InlineWith", func(_ *Query, n *logical.With) logical.Node {
	uses := map[int32]int{}
	for _, p := range append([]logical.Node{n.Input}, n.Plans...) {
		walkAll(p, func(n logical.Node) {
			if u, ok := n.(*logical.Use); ok {
				uses[u.Key]++
			}
		})
	}
	plans := map[int32]logical.Node{}
	inline := func(p logical.Node) logical.Node {
		return mapAll(p, func(n logical.Node) logical.Node {
			if u, ok := n.(*logical.Use); ok && plans[u.Key] != nil {
				return as(plans[u.Key], u.Cols)
			}
			return n
		})
	}
	out := &logical.With{}
	for i, k := range n.Keys { // a plan uses only plans before it
		p := inline(n.Plans[i])
		switch uses[k] {
		case 0:
		case 1:
			plans[k] = p
		default:
			out.Keys, out.Plans = append(out.Keys, k), append(out.Plans, p)
		}
	}
	if len(out.Plans) == len(n.Plans) {
		return nil
	}
	out.Input = inline(n.Input)
	if len(out.Plans) == 0 {
		return out.Input
	}
	return out
})

// ExpandWith makes shared plans of a With. It is the end of rules that look at
// a With plan once for all its uses.
var ExpandWith = On("ExpandWith", func(_ *Query, n *logical.With) logical.Node {
	plans := map[int32]logical.Node{}
	expand := func(p logical.Node) logical.Node {
		return mapAll(p, func(n logical.Node) logical.Node {
			if u, ok := n.(*logical.Use); ok {
				return &logical.Shared{Key: u.Key, Plan: plans[u.Key], From: plans[u.Key].Columns(), Cols: u.Cols}
			}
			return n
		})
	}
	for i, k := range n.Keys {
		plans[k] = expand(n.Plans[i])
	}
	return expand(n.Input)
})

// as is n with columns of other identities, by position.
func as(n logical.Node, cols []*expr.Column) logical.Node {
	p := &logical.Project{Input: n}
	for i, c := range n.Columns() {
		p.Exprs = append(p.Exprs, logical.Named{Col: cols[i], Expr: c})
	}
	return p
}

// mapAll is tree.Map that goes into the plans of subquery expressions.
func mapAll(n logical.Node, f func(logical.Node) logical.Node) logical.Node {
	return tree.Map(n, func(n logical.Node) logical.Node {
		return f(mapSubplans(n, func(p logical.Node) logical.Node { return mapAll(p, f) }))
	})
}

// parts applies a rule for whole plans to n, or to each plan of a With.
func (q *Query) parts(n logical.Node, f func(*Query, logical.Node) logical.Node) logical.Node {
	w, ok := n.(*logical.With)
	if !ok {
		return f(q, n)
	}
	return tree.MapChildren(n, func(c logical.Node) logical.Node {
		out := f(q, c)
		for i, p := range w.Plans {
			if p == c { // plans come before those that use them
				q.est.Define(w.Keys[i], out)
			}
		}
		return out
	})
}

// LimitRecursion tells a recursion how many rows of it are wanted: its limit of
// rows depends on that, so the rule always runs.
var LimitRecursion = On("LimitRecursion", func(_ *Query, n *logical.Limit) logical.Node {
	if n.Count < 0 || n.Count+n.Offset < 0 {
		return nil
	}
	if in := wanted(n.Input, n.Count+n.Offset); in != n.Input {
		return &logical.Limit{Input: in, Count: n.Count, Offset: n.Offset}
	}
	return nil
})

// wanted limits the recursion that n passes on row by row, if it does.
func wanted(n logical.Node, rows int64) logical.Node {
	switch n := n.(type) {
	case *logical.Project:
		if in := wanted(n.Input, rows); in != n.Input {
			return &logical.Project{Input: in, Exprs: n.Exprs}
		}
	case *logical.Recursive:
		if n.Limit < 0 || n.Limit > rows {
			c := *n
			c.Limit = rows
			return &c
		}
	}
	return n
}
